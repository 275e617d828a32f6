import io.earshot.client.EarshotClient;
import io.earshot.client.EarshotException;
import io.earshot.client.Event;
import io.earshot.client.Room;
import io.earshot.client.State;
import io.earshot.protocol.Start;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLContext;

/**
 * What programs do with the client, in Java 17. JavaLevelTest compiles and runs it, and cuts the
 * connection of the second address where the program says "cut", until it says "restore".
 */
final class Conversation {
  private static final long BOUND = TimeUnit.SECONDS.toNanos(20);

  private Conversation() {}

  public static void main(String[] args) throws Exception {
    System.out.println("java " + Runtime.version().feature());
    // A TLS context of its own makes a client own its threads, which closing it ends.
    try (EarshotClient bob = EarshotClient.connect(URI.create(args[0]));
        EarshotClient ada =
            EarshotClient.builder(URI.create(args[1]))
                .backoff(Duration.ofMillis(20), Duration.ofMillis(200))
                .tls(SSLContext.getDefault())
                .connect();
        EarshotClient eve = EarshotClient.connect(URI.create(args[2]))) {
      Room attic = bob.join("attic");
      attic.say("earlier");
      var received = new LinkedBlockingQueue<Event>();
      Room joined = ada.join("attic", 10, received::add);
      check("a history", texts(received, 1).equals(List.of("earlier")));
      attic.say(Map.of("list", List.of(1, 2.5, true, "x")));
      check("values", texts(received, 1).equals(List.of("{\"list\":[1,2.5,true,\"x\"]}")));

      joined.signalAsync(Map.of("x", 1), "pointer").toCompletableFuture().get(20, TimeUnit.SECONDS);
      check("history by page", attic.history(null, 10).messages().size() == 2);
      check("members", attic.members().membersCount() == 2);
      check("presence", joined.present().size() == 2);
      check("an action", bob.action("randomNumber", Map.of()).containsKey("randomNumber"));
      check("a refusal", failure(() -> bob.action("fly", Map.of())).contains("fly"));
      check("no JSON", failure(() -> attic.say(Double.NaN)).contains("JSON has no such number"));
      check("no address", failure(() -> EarshotClient.connect(URI.create("x:y"))).contains("ws://"));
      URI closed = URI.create("ws://localhost:1");
      check("no server", failure(() -> EarshotClient.connect(closed)).contains("nothing listens"));

      // Callbacks may block, also all at once.
      var blocked = new CountDownLatch(50);
      for (int i = 0; i < 50; i++) {
        attic
            .sayAsync("counted")
            .thenAccept(
                cursor -> {
                  blocked.countDown();
                  try {
                    if (!blocked.await(20, TimeUnit.SECONDS)) {
                      throw new AssertionError("other callbacks do not run meanwhile");
                    }
                  } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                  }
                });
      }
      check("callbacks that block", blocked.await(20, TimeUnit.SECONDS));
      texts(received, 50);

      System.out.println("cut");
      await(() -> ada.state() == State.RECONNECTING);
      attic.say("missed");
      var answer = joined.sayAsync("sent while disconnected");
      System.out.println("restore");
      check("what it missed", texts(received, 1).equals(List.of("missed")));
      check("what it sent", answer.toCompletableFuture().get(20, TimeUnit.SECONDS).offset() > 0);

      var overTcp = new LinkedBlockingQueue<Event>();
      eve.join("attic", Start.LIVE, overTcp::add);
      joined.leave();
      attic.say("over TCP");
      check("TCP", texts(overTcp, 1).equals(List.of("over TCP")));
    }
    System.out.println("done");
  }

  private static void check(String what, boolean holds) {
    System.out.println((holds ? "passed: " : "FAILED: ") + what);
  }

  private static String failure(Runnable task) {
    try {
      task.run();
      return "nothing failed";
    } catch (EarshotException e) {
      return String.valueOf(e.getMessage());
    }
  }

  private static List<String> texts(BlockingQueue<Event> events, int count)
      throws InterruptedException {
    var texts = new ArrayList<String>();
    while (texts.size() < count) {
      Event event = events.poll(20, TimeUnit.SECONDS);
      if (event == null) {
        throw new AssertionError("no message came after " + texts);
      }
      if (event instanceof Event.Message message) {
        texts.add(message.text());
      }
    }
    return texts;
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long end = System.nanoTime() + BOUND;
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("the state does not change");
      }
      Thread.onSpinWait();
    }
  }
}
