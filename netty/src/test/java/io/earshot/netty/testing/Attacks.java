package io.earshot.netty.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.netty.util.ResourceLeakDetector;
import java.io.UncheckedIOException;
import java.net.SocketException;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A server that is attacked over real sockets, while two {@link UnaffectedClients} chat on it. Each
 * attack has to leave nothing behind. {@code docs/threats.md} lists the attacks.
 *
 * <p>Registered in a static field: JUnit calls {@link #beforeAll} of no other.
 */
public final class Attacks extends ServerAndClients implements BeforeAllCallback, AfterAllCallback {

  /** Much less memory than any of the attacks would take if it were kept, in bytes. */
  public static final long MAX_LEFT = 24 << 20;

  /** The level of other tests, at which each access to a buffer is recorded, is too slow here. */
  private static final ResourceLeakDetector.Level LEVEL = ResourceLeakDetector.getLevel();

  /** An attack. */
  public interface Attack {
    /** Attacks a server. */
    void on(EarshotServer server) throws Exception;
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.SIMPLE);
  }

  @Override
  public void afterAll(ExtensionContext context) {
    ResourceLeakDetector.setLevel(LEVEL);
  }

  /**
   * Attacks a new server while the innocents chat, and checks that nothing is left of the attack.
   *
   * @param settings each as {@code PATH=VALUE}
   */
  public void run(Kind kind, Attack attack, String... settings) throws Exception {
    Config config =
        Config.defaults()
            .with("rooms.announcements", false)
            .with("limits.outboundBytes", 256 << 10)
            .with("limits.answerBytes", 256 << 10)
            .with("limits.historyBytes", 4 << 20);
    EarshotServer server = start(kind, config, settings);
    try (var innocents = new UnaffectedClients(server)) {
      long before = used();
      innocents.chatOnDuring(
          () -> {
            attack.on(server);
            closeClients();
          });
      innocents.seeNobodyElse();
      assertThat(used() - before).as("bytes that are left of the attack").isLessThan(MAX_LEFT);
    }
    stop();
  }

  /** The memory that is in use, in bytes. */
  public static long used() {
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }

  /** Many clients of one kind. */
  public <T extends Client> List<T> many(int count, Supplier<T> one) {
    return IntStream.range(0, count).mapToObj(_ -> opened(one.get())).toList();
  }

  /** A request that says a text. */
  public static String say(String text) {
    return "{\"event\":\"say\",\"message\":\"" + text + "\"}";
  }

  /** Sends as much as the other side takes, which may be less than all. */
  public static void push(Client client, byte... bytes) {
    try {
      client.bytes(bytes);
    } catch (UncheckedIOException e) {
      // The server has closed the connection.
    }
  }

  /** Checks that the stream ends, be it by a reset. */
  public static void seeTheEnd(Client client) {
    try {
      while (client.read() >= 0) {
        // bytes before the end
      }
    } catch (UncheckedIOException e) {
      assertThat(e.getCause()).isInstanceOf(SocketException.class);
    }
  }
}
