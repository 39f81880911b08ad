package io.llmrpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.llmrpc.v1.LLMServiceGrpc;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** When a client connects again, after a try that failed. */
class ConnectionTest {
  /** A channel that only counts how often it is told to connect at once. */
  private static final class Counting extends ManagedChannel {
    private final ConnectivityState state;
    private int resets;

    Counting(ConnectivityState state) {
      this.state = state;
    }

    @Override
    public ConnectivityState getState(boolean connect) {
      return state;
    }

    @Override
    public void resetConnectBackoff() {
      resets++;
    }

    @Override
    public <Q, R> ClientCall<Q, R> newCall(MethodDescriptor<Q, R> method, CallOptions options) {
      return null;
    }

    @Override
    public String authority() {
      return "nobody";
    }

    @Override
    public ManagedChannel shutdown() {
      return this;
    }

    @Override
    public ManagedChannel shutdownNow() {
      return this;
    }

    @Override
    public boolean isShutdown() {
      return false;
    }

    @Override
    public boolean isTerminated() {
      return false;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
      return true;
    }
  }

  private static int resets(ConnectivityState state, int calls) {
    Counting channel = new Counting(state);
    try (Connection connection = new Connection("nobody", channel, null)) {
      for (int i = 0; i < calls; i++) {
        connection.call(LLMServiceGrpc.getGenerateMethod(), RequestOptions.none(), null);
      }
    }
    return channel.resets;
  }

  @Test
  void aCallConnectsAtOnceWhereATryHasFailed() {
    assertEquals(1, resets(ConnectivityState.TRANSIENT_FAILURE, 1));
  }

  @Test
  void manyCallsDoNotStormTheGateway() {
    long start = System.nanoTime();
    int resets = resets(ConnectivityState.TRANSIENT_FAILURE, 1000);
    long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start);
    assertTrue(1 <= resets && resets <= 1 + seconds, resets + " in " + seconds + " s");
  }

  @Test
  void aConnectionThatWorksIsLeftAlone() {
    assertEquals(0, resets(ConnectivityState.READY, 2));
    assertEquals(0, resets(ConnectivityState.CONNECTING, 2));
  }
}
