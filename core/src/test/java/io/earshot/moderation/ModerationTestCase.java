package io.earshot.moderation;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.Measure;
import io.earshot.Moderation;
import io.earshot.Target;
import io.earshot.Transport;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A server of two manual loops, and shortcuts for measures. */
abstract class ModerationTestCase {
  static final Duration HOUR = Duration.ofHours(1);
  static final String HOME = "defaultRoom";
  static final String POSTER = "9".repeat(40);

  TestServer server = new TestServer(2, config());

  static Config config() {
    return TestServer.quiet()
        .with("general.resumeWindow", "60s")
        .with("commonWeb.httpClientMessageTTL", "60s")
        .with("commonWeb.cookieSecret", "a secret that all of them have and nobody else")
        .with("rooms.rules", "members.* join=token");
  }

  Moderation moderation() {
    return server.earshot.api().moderation();
  }

  <T> T done(CompletionStage<T> stage) {
    CompletableFuture<T> future = stage.toCompletableFuture();
    server.settle();
    assertThat(future).isDone();
    return future.join();
  }

  Measure ban(Target target) {
    return done(moderation().ban(target, HOUR, "spam"));
  }

  Guest from(String address) {
    return server.guest(address, Transport.WEBSOCKET, HOME, null);
  }

  String token(String who, String room) {
    return server.earshot.api().chatRoom().privateRoom(room).token(who, Duration.ofHours(2));
  }

  static boolean isOut(Guest guest) {
    return guest.hear().contains("end 1008") && guest.finished;
  }
}
