package io.llmrpc;

import java.io.Serializable;
import java.util.Objects;

/** What is wrong with one field of the request, or which quota is used up. */
public final class Violation implements Serializable {
  private static final long serialVersionUID = 1L;

  private final String subject;
  private final String description;

  Violation(String subject, String description) {
    this.subject = subject;
    this.description = description;
  }

  /** The path of the field, such as {@code messages[0].role}; of a quota, its name. */
  public String subject() {
    return subject;
  }

  /** Why, for a person. */
  public String description() {
    return description;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Violation
        && subject.equals(((Violation) other).subject)
        && description.equals(((Violation) other).description);
  }

  @Override
  public int hashCode() {
    return Objects.hash(subject, description);
  }

  @Override
  public String toString() {
    return subject + ": " + description;
  }
}
