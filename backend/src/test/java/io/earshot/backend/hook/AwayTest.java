package io.earshot.backend.hook;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.backend.http.RawBackEnd;
import io.earshot.backend.http.RawBackEnd.Manner;
import io.earshot.engine.Extensions;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.Client;
import io.earshot.netty.testing.Logged;
import io.earshot.netty.testing.TcpClient;
import io.earshot.testing.Await;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Back ends that do not decide: what clients see, and what it costs. */
final class AwayTest extends HooksTestCase {
  private static final String REFUSED =
      "\"error\":\"Error: the server cannot decide now; try again later\"";

  /** How a back end fails to decide. */
  private enum Fault {
    ANSWERS_TEN_MEGABYTES,
    REDIRECTS,
    FAILS,
    REFUSES_IN_HTTP,
    TALKS,
    SENDS_NO_OBJECT,
    SENDS_A_WRONG_FIELD,
    DRIPS,
    NEVER_ANSWERS,
    ENDS_THE_CONNECTION;

    Manner manner(RawBackEnd backEnd) {
      return switch (this) {
        case ANSWERS_TEN_MEGABYTES -> RawBackEnd.saying("\"" + "x".repeat(10 << 20) + "\"");
        case REDIRECTS ->
            RawBackEnd.raw(
                "HTTP/1.1 302 Found\r\nLocation: "
                    + backEnd.url()
                    + "\r\nContent-Length: 0\r\n\r\n");
        case FAILS -> (_, out) -> out.write(RawBackEnd.response("500 Oh", "{\"allow\":true}"));
        case REFUSES_IN_HTTP -> (_, out) -> out.write(RawBackEnd.response("403 No", ""));
        case TALKS -> RawBackEnd.saying("<html>it works</html>");
        case SENDS_NO_OBJECT -> RawBackEnd.saying("true");
        case SENDS_A_WRONG_FIELD -> RawBackEnd.saying("{\"refuse\":{\"why\":1}}");
        case DRIPS -> backEnd.dripping("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{");
        case NEVER_ANSWERS -> RawBackEnd.NEVER;
        case ENDS_THE_CONNECTION -> (_, out) -> out.close();
      };
    }
  }

  private static String say(String text) {
    return "{\"event\":\"say\",\"message\":\"" + text + "\"}";
  }

  @ParameterizedTest
  @EnumSource
  void a_client_is_refused_or_allowed_as_the_rule_says_and_reads_no_details(Fault fault) {
    start(
        List.of(
            "say refusing URL timeout=300ms",
            "say allowing " + backEnd.url() + "2 timeout=300ms away=allow"),
        "hooks.timeout=20s");
    backEnd.manner = fault.manner(backEnd);
    TcpClient client = clients.lines();
    client.ask("roomChange refusing");
    assertThat(client.ask(say("one"))).contains(REFUSED);
    client.ask("roomChange allowing");
    assertThat(client.ask(say("two"))).contains("\"status\":\"OK\"");
    backEnd.manner = RawBackEnd.saying("");
    client.ask("roomChange refusing");
    // A machine under load may need more than the timeout for one answer.
    Await.until("it is back", () -> client.ask(say("three")).contains("\"status\":\"OK\""));
  }

  @Test
  void the_operator_reads_why_and_what_became_of_the_request() {
    try (var log = new Logged(Extensions.class)) {
      EarshotServer server = start(List.of("say * URL"));
      backEnd.manner = (_, out) -> out.write(RawBackEnd.response("404 Not Found", ""));
      TcpClient client = clients.lines();
      for (int i = 0; i < 3; i++) {
        assertThat(client.ask(say("one"))).contains(REFUSED);
      }
      String name = "say * " + backEnd.url().replace("?key=hidden", "");
      String why = "it answered with the status 404; the request was refused (away=refuse)";
      assertThat(log.lines()).as("one line a minute").containsExactly(name + ": " + why);
      try (var admin = clients.curl()) {
        String key = "Authorization: Bearer " + KEY;
        Await.until(
            "the overview says it",
            () -> admin.get("/admin/overview", key).body().contains(name + ": " + why));
        assertThat(admin.get("/admin/overview", key).body()).doesNotContain("hidden");
      }
      assertThat(at(report(), "rule")).isEqualTo(name);
      assertThat(at(report(), "away")).isEqualTo("refuse");
      assertThat(at(report(), "questions", "say", "failed")).isEqualTo("3");
      assertThat(
              server.extensions().metrics().stream()
                  .filter(one -> one.tags().getOrDefault("outcome", "").equals("failed")))
          .singleElement()
          .satisfies(
              one -> {
                assertThat(one.name()).isEqualTo("earshot.hooks.http");
                assertThat(one.tags()).containsEntry("rule", name).containsEntry("event", "say");
                assertThat(one.value().getAsLong()).isEqualTo(3);
              });
    }
  }

  @Test
  void a_question_is_asked_again_when_its_connection_ends_before_an_answer() {
    var questions = new AtomicInteger();
    backEnd.manner =
        (_, out) -> {
          if (questions.incrementAndGet() == 2) {
            out.close(); // as one does that was open for long, while the next request is sent
          } else {
            out.write(RawBackEnd.response("200 OK", ""));
          }
        };
    start(List.of("say * URL timeout=20s"), "hooks.timeout=30s");
    TcpClient client = clients.lines();
    assertThat(client.ask(say("one"))).contains("\"status\":\"OK\"");
    assertThat(client.ask(say("two"))).contains("\"status\":\"OK\"");
    backEnd.next();
    RawBackEnd.Received second = backEnd.next();
    assertThat(backEnd.next().header("webhook-id"))
        .as("the same question")
        .isEqualTo(second.header("webhook-id"));
  }

  @Test
  void beyond_the_most_requests_under_way_the_rule_decides_at_once() {
    var gate = new Semaphore(0);
    backEnd.manner =
        (_, out) -> {
          gate.acquire();
          out.write(RawBackEnd.response("200 OK", ""));
        };
    start(List.of("say * URL running=2 timeout=20s"), "hooks.timeout=30s");
    Client one = clients.lines();
    Client two = clients.lines();
    one.send(say("one"));
    two.send(say("two"));
    backEnd.next();
    backEnd.next();
    for (int i = 0; i < 3; i++) {
      assertThat(clients.lines().ask(say("three"))).contains(REFUSED);
    }
    assertThat(at(report(), "questions", "say", "busy")).isEqualTo("3");
    assertThat(at(report(), "state")).as("its breaker").isEqualTo("closed");
    gate.release(2);
    assertThat(one.reply()).contains("\"status\":\"OK\"");
    assertThat(two.reply()).contains("\"status\":\"OK\"");
    gate.release();
    assertThat(clients.lines().ask(say("four"))).contains("\"status\":\"OK\"");
  }

  @Test
  void one_that_is_away_is_not_asked_for_a_while_and_asked_again_when_it_is_back() {
    start(List.of("say * URL timeout=300ms"), "hooks.timeout=20s");
    backEnd.manner = (_, out) -> out.write(RawBackEnd.response("503 Busy", ""));
    TcpClient client = clients.lines();
    for (int i = 0; i < Breaker.FAILURES + 3; i++) {
      assertThat(client.ask(say("one"))).contains(REFUSED);
    }
    assertThat(backEnd.waiting()).isEqualTo(Breaker.FAILURES);
    assertThat(at(report(), "questions", "say", "paused")).isEqualTo("3");
    assertThat(at(report(), "state")).isEqualTo("open");
    backEnd.manner = RawBackEnd.saying("");
    Await.until("it is asked again", () -> client.ask(say("two")).contains("\"status\":\"OK\""));
    assertThat(at(report(), "state")).isEqualTo("closed");
    assertThat(backEnd.waiting()).as("one more question").isEqualTo(Breaker.FAILURES + 1);
  }

  @Test
  void messages_to_which_it_answers_wrongly_do_not_keep_it_from_being_asked() {
    start(List.of("say * URL"));
    backEnd.manner =
        (request, out) ->
            out.write(
                request.body().contains("poison")
                    ? RawBackEnd.response("500 Oh", "")
                    : "HTTP/1.1 204 No Content\r\n\r\n".getBytes(UTF_8));
    TcpClient client = clients.lines();
    for (int i = 0; i < 3 * Breaker.FAILURES; i++) {
      assertThat(client.ask(say("poison"))).contains(REFUSED);
    }
    assertThat(clients.lines().ask(say("hello"))).contains("\"status\":\"OK\"");
  }

  @Test
  void clients_that_connect_are_refused_with_the_reason_or_allowed() {
    start(List.of("connect * URL timeout=300ms"), "hooks.timeout=20s");
    backEnd.manner = RawBackEnd.NEVER;
    try (var client = new TcpClient(clients.server().tcpPort())) {
      assertThat(client.rest())
          .last()
          .asString()
          .contains("Error: the server cannot decide now; try again later");
    }
    start(List.of("connect * URL timeout=300ms away=allow"), "hooks.timeout=20s");
    assertThat(clients.lines().ask(say("hello"))).contains("\"status\":\"OK\"");
  }

  @Test
  void a_private_address_is_not_asked_unless_it_is_configured() {
    start(List.of("say * URL"), "backEnds.privateAddresses=");
    assertThat(clients.lines().ask(say("hello"))).contains(REFUSED);
    assertThat(backEnd.connections).hasValue(0);
  }
}
