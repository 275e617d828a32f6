package io.earshot.netty.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.netty.EarshotServer;
import io.earshot.testing.Await;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Two clients that chat in a room of their own, one over lines and one over WebSocket. Whatever
 * other clients do meanwhile, these two have to receive each other's messages soon and in order,
 * and no messages of other clients.
 */
public final class UnaffectedClients implements AutoCloseable {
  public static final String ROOM = "innocents";

  /** How long a message may take from one to the other, in nanoseconds. */
  private static final long SOON = TimeUnit.MILLISECONDS.toNanos(500);

  /** How many messages they send before the measurement, so that the JVM has compiled the path. */
  private static final int WARM = 300;

  private final TcpClient alice;
  private final WebSocketClient bob;
  private int said;
  private volatile boolean over;

  /** When the control was sent for the last time, and the longest that it took lately. */
  private volatile long sent = System.nanoTime();

  private volatile long worst;

  /** The attack of other clients on the server. */
  public interface Attack {
    void run() throws Exception;
  }

  public UnaffectedClients(EarshotServer server) {
    alice = TcpClient.welcomed(server.tcpPort());
    bob = WebSocketClient.welcomed(server.httpPort());
    assertThat(alice.ask("roomChange " + ROOM)).contains("OK");
    assertThat(bob.ask("{\"event\":\"roomChange\",\"room\":\"" + ROOM + "\"}")).contains("OK");
    for (int i = 0; i < WARM; i++) {
      probe();
    }
  }

  /** Chats during an attack, and for a moment after it. */
  public void chatOnDuring(Attack attack) throws Exception {
    over = false;
    var chat = new FutureTask<@Nullable Void>(this::chat, null);
    var control = new FutureTask<@Nullable Void>(this::measureMachine);
    Thread.ofPlatform().daemon().start(control);
    Thread.ofPlatform().daemon().start(chat);
    var failures = new ArrayList<Throwable>();
    try {
      attack.run();
    } catch (Exception | AssertionError e) {
      failures.add(e);
    }
    over = true;
    for (FutureTask<?> task : List.of(chat, control)) {
      try {
        task.get(2L * Client.TIMEOUT, TimeUnit.MILLISECONDS);
      } catch (ExecutionException | TimeoutException e) {
        failures.addFirst(e);
      }
    }
    if (!failures.isEmpty()) {
      var failure = new AssertionError("the innocents suffered, or the attack was not refused");
      failures.forEach(failure::addSuppressed);
      throw failure;
    }
  }

  private void chat() {
    int probes = 0;
    int late = 0;
    int after = 0;
    while (after < 10) {
      after += over ? 1 : 0;
      worst = 0;
      long took = probe();
      // There and back by way of the server is twice what there and back by itself is, and more.
      long excused = 2 * Math.max(worst, System.nanoTime() - sent);
      probes++;
      late += took - excused > SOON ? 1 : 0;
      LockSupport.parkNanos(1_000_000);
    }
    assertThat(late).as("late of %d probes", probes).isLessThanOrEqualTo(Math.max(1, probes / 25));
  }

  /** Measures delays of the machine itself, such as those by other programs. */
  private @Nullable Void measureMachine() throws IOException {
    try (var listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        var here = new Socket(listener.getInetAddress(), listener.getLocalPort());
        var there = listener.accept()) {
      here.setTcpNoDelay(true);
      there.setTcpNoDelay(true);
      Thread.ofPlatform()
          .daemon()
          .start(
              () -> {
                try {
                  there.getInputStream().transferTo(there.getOutputStream());
                } catch (IOException e) {
                  // The test is over.
                }
              });
      while (!over) {
        sent = System.nanoTime();
        here.getOutputStream().write(1);
        int _ = here.getInputStream().read();
        worst = Math.max(worst, System.nanoTime() - sent);
        LockSupport.parkNanos(1_000_000);
      }
      sent = System.nanoTime();
    }
    return null;
  }

  /** One client sends and the other receives; they take turns. Returns the duration. */
  private long probe() {
    boolean aliceSpeaks = said++ % 2 == 0;
    Client speaker = aliceSpeaks ? alice : bob;
    Client hearer = aliceSpeaks ? bob : alice;
    String text = "probe " + said;
    long start = System.nanoTime();
    speaker.send("{\"event\":\"say\",\"message\":\"" + text + "\"}");
    assertThat(hearer.heard()).contains("\"message\":\"" + text + "\"");
    long took = System.nanoTime() - start;
    assertThat(speaker.reply()).contains("\"status\":\"OK\"");
    return took;
  }

  /** Checks that the server has no clients and rooms left but these two and their room. */
  public void seeNobodyElse() {
    Await.until(
        "nobody else is left",
        () -> {
          String status = alice.ask("{\"action\":\"status\"}");
          return status.contains(
                  "\"connections\":{\"tcp\":1,\"websocket\":1,\"web\":0,\"stream\":0},\"rooms\":1,")
              && alice.ask("{\"event\":\"roomView\"}").contains("\"membersCount\":2");
        });
  }

  @Override
  public void close() {
    alice.close();
    bob.close();
  }
}
