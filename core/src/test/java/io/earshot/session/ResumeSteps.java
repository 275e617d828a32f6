package io.earshot.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/** Steps that the tests of cursors, sessions and repeated messages share. */
final class ResumeSteps {
  static final Duration WINDOW = Duration.ofSeconds(30);

  private ResumeSteps() {}

  static Config config() {
    return TestServer.quiet()
        .with("general.resumeWindow", WINDOW)
        .with("rooms.historyMessages", 5)
        .with("rooms.historyBytes", 4096)
        .with("rooms.historyAge", "60s")
        .with(
            "rooms.rules",
            "long.* historyMessages=50 historyBytes=99999 historyAge=10m, none.* historyMessages=0");
  }

  /** The value of a field, at any depth. */
  static String field(String json, String name) {
    Matcher field = Pattern.compile("\"" + name + "\":\"?([^\",}]*)").matcher(json);
    assertThat(field.find()).as("%s in %s", name, json).isTrue();
    return field.group(1);
  }

  static String cursor(String json) {
    return field(json, "epoch") + ":" + field(json, "offset");
  }

  /** Says so many numbers. */
  static void say(Guest speaker, int from, int to) {
    IntStream.rangeClosed(from, to).forEach(i -> speaker.ask("say " + i));
  }

  /** The room messages among what a client was sent since the last call. */
  static List<String> told(Guest guest) {
    return guest.hear().stream().filter(line -> line.contains("\"context\":\"user\"")).toList();
  }

  /** Breaks a connection. */
  static void lose(TestServer server, Guest guest) {
    guest.loop.run(guest.intake::gone);
    server.settle();
  }

  /** The token by which a client resumes, from its welcome. */
  static String session(Guest guest) {
    return guest.hear().stream()
        .filter(line -> line.contains("\"welcome\""))
        .map(line -> field(line, "session"))
        .findFirst()
        .orElseThrow();
  }
}
