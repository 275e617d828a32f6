package io.earshot.session;

import static io.earshot.session.ResumeSteps.cursor;
import static io.earshot.session.ResumeSteps.say;
import static io.earshot.session.ResumeSteps.told;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Messages that a client repeats because it has no answer. */
final class RepeatedMessagesTest {
  private final TestServer server = new TestServer(2, ResumeSteps.config());
  private final Guest speaker = server.guest();

  @Test
  void a_message_repeated_with_the_same_message_id_is_sent_once_and_gets_the_first_answer() {
    Guest guest = server.guest();
    String say = "{\"event\":\"say\",\"message\":\"once\",\"messageId\":\"m1\"}";
    String first = cursor(speaker.ask(say));
    say(speaker, 2, 2);
    assertThat(cursor(speaker.ask(say))).isEqualTo(first);
    assertThat(guest.heard()).containsExactly("once", "2");
  }

  @Test
  void
      the_same_message_id_with_another_text_or_from_another_client_or_much_later_is_another_message() {
    Guest guest = server.guest();
    String say = "{\"event\":\"say\",\"message\":\"words\",\"messageId\":1}";
    speaker.ask(say);
    speaker.ask(say.replace("words", "other words"));
    server.guest().ask(say);
    server.pass(Duration.ofMinutes(2));
    speaker.ask(say);
    assertThat(guest.heard()).containsExactly("words", "other words", "words", "words");
  }

  @Test
  void a_long_message_id_is_recognized_from_another_connection_of_the_client() {
    Guest subscriber = server.guest();
    Guest before = server.guest();
    Guest after = server.guest();
    subscriber.hear();
    String say = "{\"event\":\"say\",\"message\":\"once\",\"messageId\":\"%s\"}";
    String unique = say.formatted("9b2e1c4e-7d3f-4b8e-9a55-0f6a7c1d2e3f");
    String first = before.ask(unique);
    assertThat(cursor(after.ask(unique))).isEqualTo(cursor(first));
    assertThat(told(subscriber)).hasSize(1);
    String common = say.formatted("q1");
    assertThat(cursor(before.ask(common))).isNotEqualTo(cursor(after.ask(common)));
    assertThat(told(subscriber)).hasSize(2);
  }
}
