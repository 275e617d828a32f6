package io.earshot.netty.action;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Action;
import io.earshot.Actions;
import io.earshot.Call;
import io.earshot.Config;
import io.earshot.RefusedException;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.Client;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.Kind;
import io.earshot.testing.Await;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Actions, asked for on every transport in the JSON vocabulary that all share. */
@ParameterizedClass
@EnumSource(Kind.class)
final class ActionsTest {
  private final Semaphore gate = new Semaphore(0);
  private final CountDownLatch interrupted = new CountDownLatch(1);

  @SuppressWarnings("NullAway.Init")
  @Parameter
  Kind kind;

  @SuppressWarnings("NullAway.Init")
  private EarshotServer server;

  @SuppressWarnings("NullAway.Init")
  private Client client;

  @BeforeEach
  void start() {
    start(Config.defaults().with("rooms.announcements", false));
  }

  private void start(Config config) {
    server = kind.start(config);
    Actions actions = server.api().actions();
    actions.add(new Greet());
    add("gated", _ -> gate.acquire());
    add(
        "broken",
        _ -> {
          throw new IllegalStateException("planted");
        });
    add(
        "worse",
        _ -> {
          throw new AssertionError("planted");
        });
    add(
        "refuses",
        _ -> {
          throw new RefusedException("not today");
        });
    add("login", call -> call.connection().set("auth", "true"));
    add(
        "tellFriends",
        call -> call.api().chatRoom().socketRoomBroadcast(call.sender(), "for some"));
    add(
        "forever",
        _ -> {
          try {
            new CountDownLatch(1).await();
          } finally {
            interrupted.countDown();
          }
        });
    client = kind.welcomed(server);
  }

  @AfterEach
  void stop() {
    gate.release(1000);
    client.close();
    server.close();
  }

  private interface Body {
    void run(Call call) throws Exception;
  }

  private void add(String name, Body body) {
    server
        .api()
        .actions()
        .add(
            new Action() {
              @Override
              public String name() {
                return name;
              }

              @Override
              public void run(Call call) throws Exception {
                body.run(call);
              }
            });
  }

  static final class Greet implements Action {
    @Override
    public List<String> required() {
      return List.of("name");
    }

    @Override
    public Map<String, Object> outputExample() {
      return Map.of("greeting", "Hello, Ada");
    }

    @Override
    public void run(Call call) {
      call.put("greeting", "Hello, " + call.text("name"));
      call.put("virtual", Thread.currentThread().isVirtual());
    }
  }

  private static String act(String name) {
    return "{\"event\":\"action\",\"params\":{\"action\":\""
        + name
        + "\"},\"messageId\":\""
        + name
        + "\"}";
  }

  @Test
  void an_action_answers_with_its_fields_and_the_number_of_its_request() {
    assertThat(
            client.ask(
                "{\"event\":\"action\",\"params\":{\"action\":\"greet\",\"name\":\"Ada\"},\"messageId\":9}"))
        .isEqualTo(
            "{\"greeting\":\"Hello, Ada\",\"virtual\":true,\"context\":\"response\",\"messageCount\":1,\"messageId\":9}");
  }

  @Test
  void a_required_input_must_be_given() {
    for (String params : new String[] {"", ",\"name\":null", ",\"name\":\"\""}) {
      assertThat(
              client.ask("{\"event\":\"action\",\"params\":{\"action\":\"greet\"" + params + "}}"))
          .contains(
              "\"error\":\"Error: name is a required parameter for this action\"",
              "\"messageCount\":");
    }
  }

  @Test
  void an_action_that_throws_is_answered_with_context_and_number() {
    for (String name : new String[] {"broken", "worse"}) {
      assertThat(client.ask(act(name)))
          .contains(
              "\"context\":\"response\"",
              "\"error\":\"Error: The server experienced an internal error\"",
              "\"messageCount\":",
              "\"messageId\":\"" + name + "\"")
          .doesNotContain("planted");
    }
    assertThat(client.ask(act("refuses"))).contains("\"error\":\"Error: not today\"");
  }

  @Test
  void odd_unknown_names_are_no_actions() {
    for (String name : new String[] {"fly", "toString", "__proto__", "class"}) {
      assertThat(client.ask(act(name)))
          .contains("\"error\":\"Error: " + name + " is not a known action.\"");
    }
    assertThat(client.ask(act(""))).contains("{no action} is not a known action.");
  }

  @Test
  void more_than_five_pending_actions_are_refused_at_once_and_verbs_still_work() {
    IntStream.range(0, 5).forEach(_ -> client.send(act("gated")));
    assertThat(client.ask(act("gated")))
        .contains("\"error\":\"you have too many pending requests\"", "\"messageCount\":6");
    assertThat(client.ask("{\"event\":\"detailsView\"}"))
        .contains("\"pendingActions\":5", "\"messageCount\":7");
    gate.release(5);
    List<String> replies = IntStream.range(0, 5).mapToObj(_ -> client.reply()).sorted().toList();
    for (int i = 0; i < 5; i++) {
      assertThat(replies.get(i)).contains("\"messageCount\":" + (i + 1));
    }
    gate.release();
    assertThat(client.ask(act("gated"))).doesNotContain("error");
  }

  @Test
  void attributes_that_an_action_sets_last_and_params_of_a_request_do_not() {
    client.ask("{\"event\":\"paramAdd\",\"key\":\"name\",\"value\":\"sticky\"}");
    client.ask(act("login"));
    assertThat(server.api().connection(client.id()).orElseThrow().attributes())
        .containsEntry("auth", "true");
    assertThat(client.ask(act("greet"))).contains("name is a required parameter");
    assertThat(client.ask("{\"event\":\"paramsView\"}"))
        .contains("\"params\":{\"name\":\"sticky\"}");
  }

  @Test
  void the_match_of_a_request_filters_what_its_action_says_and_nothing_after() {
    try (Client friend = kind.welcomed(server);
        Client stranger = kind.welcomed(server)) {
      friend.ask(act("login"));
      client.ask(
          "{\"event\":\"action\",\"params\":{\"action\":\"tellFriends\",\"roomMatchKey\":\"auth\",\"roomMatchValue\":true}}");
      client.ask("{\"event\":\"say\",\"message\":\"for all\"}");
      assertThat(friend.heard()).contains("for some");
      assertThat(friend.heard()).contains("for all");
      assertThat(stranger.heard()).contains("for all");
    }
  }

  @Test
  void an_action_that_never_returns_is_interrupted_and_its_caller_is_answered() throws Exception {
    client.close();
    server.close();
    start(Config.defaults().with("general.actionTimeout", "100ms"));
    assertThat(client.ask(act("forever")))
        .contains("\"error\":\"Error: the action took too long\"");
    interrupted.await();
    assertThat(client.ask("{\"event\":\"detailsView\"}")).contains("\"pendingActions\":0");
  }

  @Test
  void actions_that_compute_without_end_do_not_keep_others_from_running() throws Exception {
    var stop = new AtomicBoolean();
    var spinning = new AtomicInteger();
    add(
        "spins",
        _ -> {
          spinning.incrementAndGet();
          while (!stop.get()) {
            Thread.onSpinWait();
          }
        });
    try {
      for (int i = 0; i < 3; i++) { // of two processors both, and one more that waits for a turn
        client.send(act("spins"));
      }
      try (Client other = kind.welcomed(server)) {
        assertThat(other.ask(act("login"))).doesNotContain("error");
      }
      Await.until("each has its turn", () -> spinning.get() == 3);
    } finally {
      stop.set(true);
    }
  }

  @Test
  void an_answer_that_is_too_long_is_a_failure_of_its_action() {
    client.close();
    server.close();
    start(Config.defaults().with("limits.answerBytes", 2048).with("rooms.announcements", false));
    add("long", call -> call.put("text", "x".repeat(3000)));
    add("short", call -> call.put("text", "x".repeat(1000)));
    assertThat(client.ask(act("long")))
        .contains(
            "\"error\":\"Error: The server experienced an internal error\"",
            "\"messageCount\":1",
            "\"messageId\":\"long\"");
    assertThat(client.ask(act("short"))).contains("xxx").doesNotContain("error");
    try (var web = new HttpClient(server.httpPort(), false)) {
      if (kind.isPlain()) {
        assertThat(web.get("/long").status()).isEqualTo(500);
        assertThat(web.get("/short").body()).contains("xxx");
      }
    }
  }

  @Test
  void a_client_that_waits_for_an_action_is_answered_before_the_server_stops() {
    client.send(act("gated"));
    client.ask("{\"event\":\"detailsView\"}");
    Thread stopping = Thread.startVirtualThread(server::close);
    Await.until(
        "new actions are refused",
        () -> client.ask(act("greet")).contains("the server is shutting down"));
    gate.release();
    assertThat(client.rest())
        .satisfiesExactly(
            answer -> assertThat(answer).contains("\"messageId\":\"gated\""),
            bye -> assertThat(bye).contains("\"reason\":\"server shutdown\""));
    client.close();
    Await.until("the server has stopped", () -> !stopping.isAlive());
  }

  @Test
  void a_client_that_shuts_its_output_down_is_answered_first() {
    client.send(act("gated"));
    if (kind.isLines()) {
      client.shutdownOutput();
      gate.release();
      assertThat(client.rest()).singleElement().asString().contains("\"messageId\":\"gated\"");
    }
  }
}
