package io.llmrpc;

/**
 * Runs the programs whose classes are named, one after another in one process: most of what each
 * would take in a process of its own is Java's start. It ends when none has left a thread behind.
 */
final class InTurn {
  /** Is printed behind each program. */
  static final String END = "\0";

  private InTurn() {}

  public static void main(String[] programs) throws ReflectiveOperationException {
    for (String program : programs) {
      Class.forName(program).getMethod("main", String[].class).invoke(null, (Object) new String[0]);
      System.out.print(END);
    }
  }
}
