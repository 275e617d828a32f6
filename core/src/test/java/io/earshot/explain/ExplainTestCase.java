package io.earshot.explain;

import io.earshot.Config;
import io.earshot.Transport;
import io.earshot.protocol.Json;
import io.earshot.protocol.User;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A server in virtual time, whose answers about Bob are read as text. */
abstract class ExplainTestCase {
  static final User BOB = User.of("u7", "Bob", Map.of());
  static final int BEHIND = 100_000;

  TestServer server = new TestServer(2, config());

  static Config config() {
    return TestServer.quiet().with("general.resumeWindow", Duration.ofSeconds(30));
  }

  /** A connection of Bob in a room. */
  Guest bob(String room) {
    Guest guest = server.guest(1, BOB, Transport.WEBSOCKET);
    guest.ask("roomChange " + room);
    guest.hear();
    return guest;
  }

  /** Somebody else in a room. */
  Guest speaker(String room) {
    Guest guest = server.guest();
    guest.ask("roomChange " + room);
    guest.hear();
    return guest;
  }

  Json.Obj ask(Question question) {
    CompletableFuture<Json.Obj> answer = server.earshot.explain(question).toCompletableFuture();
    server.runUntil("the server has explained it", answer::isDone);
    return answer.join();
  }

  /** What became of a message for Bob: the outcome and the text. */
  String explain(String room, long offset) {
    return told(ask(new Question(room, offset, null, "u7", null, 0)));
  }

  static String told(Json.Obj answer) {
    return text(answer, "outcome") + ": " + text(answer, "text");
  }

  static @Nullable String text(Json.Obj answer, String field) {
    return answer.get(field) instanceof Json.Text(String text) ? text : null;
  }

  void passSecond() {
    server.pass(Duration.ofSeconds(1));
  }

  static void lose(TestServer server, Guest guest) {
    guest.loop.run(guest.intake::gone);
    server.settle();
  }

  static String cursor(String reply) {
    return reply.replaceAll(".*\"epoch\":\"([^\"]*)\",\"offset\":(\\d+).*", "$1:$2");
  }
}
