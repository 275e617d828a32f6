package io.earshot.backend.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Config;
import io.earshot.backend.http.Signature;
import io.earshot.engine.Extensions;
import io.earshot.netty.testing.ApiDocument;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.HttpClient.Response;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.ServerAndClients;
import io.earshot.netty.testing.TcpClient;
import io.earshot.protocol.Json;
import io.earshot.testing.Await;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Webhooks of a real server to real back ends. */
class WebhookServerTest {
  private static final String SECRET = "whsec_" + "c2VjcmV0".repeat(6);
  private static final String KEY = "k".repeat(40);
  private static final String JSON = "Content-Type: application/json";

  @RegisterExtension final ServerAndClients chat = new ServerAndClients();

  @TempDir Path folder;
  private final Receiver receiver = new Receiver();

  @AfterEach
  void close() {
    receiver.close();
  }

  private void start(List<String> rules, String... settings) {
    chat.start(
        Kind.LEAN_LINES,
        Config.defaults()
            .with("rooms.announcements", false)
            .with("limits.messagesPerSecond", 0)
            .with("admin.keys", List.of("shop " + KEY))
            .with("backEnds.privateAddresses", List.of("127.0.0.1"))
            .with("backEnds.secrets", List.of(SECRET))
            .with("webhooks.rules", rules),
        settings);
  }

  private TcpClient member(String room) {
    TcpClient client = chat.lines();
    assertThat(client.ask("roomChange " + room)).contains("\"status\":\"OK\"");
    return client;
  }

  private Response admin(String method, String path, String body) {
    try (var client =
        new HttpClient(chat.server().httpPort(), false, "Authorization: Bearer " + KEY)) {
      client.sendRequest(method, path, body, JSON);
      return client.response();
    }
  }

  private static Json.Obj fields(Response response) throws Exception {
    assertThat(response.status()).as(response.body()).isEqualTo(200);
    return (Json.Obj) Json.parse(response.body());
  }

  private Json.Obj rule(String name) throws Exception {
    return fields(admin("GET", "/admin/webhooks/" + name, ""));
  }

  private static String text(Json.Obj fields, String name) {
    Json value = fields.get(name);
    return value == null ? "none" : String.valueOf(value.asText());
  }

  @Test
  void a_message_is_sent_with_a_signature_and_an_id() throws Exception {
    start(List.of("message attic* " + receiver.url()));
    TcpClient alice = member("attic");
    alice.ask("say hello");
    receiver.await("hello");
    member("cellar").ask("say not for the webhook");
    alice.ask("say later");
    receiver.await("later");
    assertThat(receiver.texts()).containsExactly("hello", "later");
    Receiver.Request request = receiver.requests.getFirst();
    String id = request.header("webhook-id");
    long seconds = Long.parseLong(request.header("webhook-timestamp"));
    assertThat(request.header("webhook-signature"))
        .isEqualTo(
            new Signature(List.of(SECRET))
                .of(id, seconds, request.body().getBytes(StandardCharsets.UTF_8)));
    assertThat(id).startsWith("batch_").isNotEqualTo(receiver.requests.get(1).header("webhook-id"));
    Json.Obj event = receiver.accepted().getFirst();
    assertThat(Receiver.field(event, "type")).isEqualTo("message");
    assertThat(Receiver.field(event, "room")).isEqualTo("attic");
    assertThat(Receiver.field(event, "id")).isNotEmpty();
  }

  @Test
  void a_slow_back_end_does_not_delay_the_others() throws Exception {
    var release = new CountDownLatch(1);
    try (var slow = new Receiver()) {
      slow.status =
          ignored -> {
            try {
              release.await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
            return 204;
          };
      start(List.of("message * " + slow.url(), "message * " + receiver.url()));
      TcpClient alice = member("attic");
      for (int i = 0; i < 20; i++) {
        alice.ask("say " + i);
        receiver.await("" + i);
      }
      assertThat(slow.accepted()).isEmpty();
      release.countDown();
      slow.await("19");
      assertThat(slow.texts()).isEqualTo(receiver.texts());
    }
  }

  @Test
  void none_of_some_thousand_messages_is_lost_when_the_back_end_is_killed_and_restarted()
      throws Exception {
    var told = new Semaphore(0);
    receiver.status =
        request -> {
          told.release(request.events().size());
          return 204;
        };
    start(List.of("message * " + receiver.url() + " timeout=2s"));
    int count = 2_000;
    List<String> rooms = List.of("attic", "cellar", "den");
    var speakers = new ArrayList<Thread>();
    for (String room : rooms) {
      TcpClient client = member(room);
      speakers.add(
          Thread.startVirtualThread(
              () -> {
                for (int i = 0; i < count; i++) {
                  client.send("say " + room + " " + i);
                  if (i % 100 == 99) {
                    for (int answer = 0; answer < 100; answer++) {
                      client.reply();
                    }
                  }
                }
              }));
    }
    for (int kill = 0; kill < 3; kill++) {
      told.acquire(300);
      receiver.stop();
      told.drainPermits();
      receiver.restart();
    }
    for (Thread speaker : speakers) {
      speaker.join();
    }
    int all = rooms.size() * count;
    Await.until(
        "all events",
        () ->
            receiver.accepted().stream().map(each -> Receiver.field(each, "id")).distinct().count()
                == all);

    var textOf = new HashMap<String, String>();
    var byRoom = new HashMap<String, List<String>>();
    var repeats = new HashSet<String>();
    for (Json.Obj event : receiver.accepted()) {
      String id = Receiver.field(event, "id");
      String text = Receiver.field(event, "message");
      String before = textOf.putIfAbsent(id, text);
      if (before == null) {
        byRoom.computeIfAbsent(Receiver.field(event, "room"), _ -> new ArrayList<>()).add(text);
      } else {
        assertThat(text).isEqualTo(before);
        repeats.add(id);
      }
    }
    for (String room : rooms) {
      assertThat(byRoom.get(room))
          .isEqualTo(IntStream.range(0, count).mapToObj(i -> room + " " + i).toList());
    }
    // A batch that comes again has the id that it had before.
    Map<String, List<String>> bodies =
        receiver.requests.stream()
            .collect(
                Collectors.groupingBy(
                    Receiver.Request::body,
                    Collectors.mapping(each -> each.header("webhook-id"), Collectors.toList())));
    assertThat(bodies.values()).allMatch(ids -> new HashSet<>(ids).size() == 1);
    assertThat(text(fields(admin("GET", "/admin/webhooks", "")), "webhooks")).isNotEqualTo("none");
  }

  @Test
  void an_operator_sees_dead_letters_sends_them_again_and_deletes_them() throws Exception {
    receiver.status = request -> request.body().contains("bad") ? 422 : 204;
    start(List.of("message * " + receiver.url() + " name=shop batch=10"), "webhooks.retry=100ms");
    assertThat(text(rule("shop"), "state")).isEqualTo("idle");
    TcpClient alice = member("attic");
    for (String text : List.of("good 1", "bad 1", "bad 2", "good 2", "bad 3")) {
      alice.ask("say " + text);
    }
    receiver.await("good 2");
    Await.until("three dead letters", () -> text(rule("shop"), "dead").equals("3"));
    assertThat(receiver.texts()).containsExactly("good 1", "good 2");
    assertThat(text(rule("shop"), "state")).isEqualTo("failing");
    assertThat(text(rule("shop"), "lastError")).isEqualTo("it answered with the status 422");

    assertThat(rule("shop").fields().keySet()).isEqualTo(ApiDocument.fields("Webhook"));
    assertThat(
            chat.server().extensions().routes().stream()
                .map(each -> each.method() + " " + each.shape()))
        .containsExactlyInAnyOrderElementsOf(ApiDocument.operations("webhooks"));

    Json.Obj first = fields(admin("GET", "/admin/webhooks/shop/dead?limit=2", ""));
    assertThat(first.fields().keySet()).isEqualTo(ApiDocument.fields("DeadLetters"));
    assertThat(((Json.Array) first.fields().get("dead")).items()).hasSize(2);
    Json.Obj letter = (Json.Obj) ((Json.Array) first.fields().get("dead")).items().getFirst();
    assertThat(text(letter, "why")).contains("it answered with the status 422");
    Json.Obj event = (Json.Obj) letter.fields().get("event");
    assertThat(Receiver.field(event, "message")).isEqualTo("bad 1");
    Json.Obj second =
        fields(admin("GET", "/admin/webhooks/shop/dead?limit=2&after=" + text(first, "next"), ""));
    assertThat(((Json.Array) second.fields().get("dead")).items()).hasSize(1);
    assertThat(text(second, "next")).isEqualTo("none");

    receiver.status = ignored -> 204;
    String one = "{\"ids\":[\"" + text(event, "id") + "\"]}";
    assertThat(admin("POST", "/admin/webhooks/shop/retry", one).status()).isEqualTo(200);
    receiver.await("bad 1");
    Await.until("one is gone", () -> text(rule("shop"), "dead").equals("2"));
    assertThat(admin("POST", "/admin/webhooks/shop/retry", "").status()).isEqualTo(200);
    receiver.await("bad 3");
    Await.until("all are gone", () -> text(rule("shop"), "dead").equals("0"));
    assertThat(receiver.texts()).containsExactly("good 1", "good 2", "bad 1", "bad 2", "bad 3");

    receiver.status = ignored -> 422;
    alice.ask("say bad 4");
    Await.until("another one", () -> text(rule("shop"), "dead").equals("1"));
    Json.Obj deleted = fields(admin("DELETE", "/admin/webhooks/shop/dead", ""));
    assertThat(text(deleted, "deleted")).isEqualTo("1");
    assertThat(text(rule("shop"), "dead")).isEqualTo("0");
    assertThat(metric("earshot.webhooks.sent")).isEqualTo(5);
    assertThat(metric("earshot.webhooks.dead")).isEqualTo(4);
    assertThat(metric("earshot.webhooks.failures")).isGreaterThanOrEqualTo(4);
    assertThat(metric("earshot.webhooks.dead.waiting")).isZero();
  }

  private long metric(String name) {
    return chat.server().extensions().metrics().stream()
        .filter(each -> each.name().equals(name) && each.tags().equals(Map.of("rule", "shop")))
        .mapToLong(each -> each.value().getAsLong())
        .findFirst()
        .orElseThrow();
  }

  @Test
  void wrong_calls_of_the_admin_api_are_refused() {
    start(List.of("message * " + receiver.url() + " name=shop"));
    for (String[] each :
        new String[][] {
          {"GET", "/admin/webhooks/other", "", "404"},
          {"GET", "/admin/webhooks/shop/dead?limit=0x", "", "400"},
          {"GET", "/admin/webhooks/shop/dead?limit=1001", "", "400"},
          {"GET", "/admin/webhooks/shop/dead?after=-1", "", "400"},
          {"POST", "/admin/webhooks/shop/retry", "{\"id\":\"a\"}", "400"},
          {"POST", "/admin/webhooks/shop/retry", "{\"ids\":\"a\"}", "400"},
          {"POST", "/admin/webhooks/shop/retry", "{\"ids\":[1]}", "400"},
          {"DELETE", "/admin/webhooks/other/dead", "", "404"},
          {"PUT", "/admin/webhooks/shop/dead", "", "405"},
        }) {
      assertThat(admin(each[0], each[1], each[2]).status())
          .as(String.join(" ", each))
          .isEqualTo(Integer.parseInt(each[3]));
    }
  }

  @Test
  void dead_letters_survive_a_restart() throws Exception {
    receiver.status = ignored -> 400;
    String[] settings = {"webhooks.retry=1ms", "feed.folder=" + folder};
    List<String> rules = List.of("message * " + receiver.url() + " name=shop");
    start(rules, settings);
    member("attic").ask("say kept");
    Await.until("a dead letter", () -> text(rule("shop"), "dead").equals("1"));
    receiver.status = ignored -> 204;
    start(rules, settings);
    assertThat(text(rule("shop"), "dead")).isEqualTo("1");
    admin("POST", "/admin/webhooks/shop/retry", "");
    receiver.await("kept");
    Await.until("it is gone", () -> text(rule("shop"), "dead").equals("0"));
  }

  @Test
  void a_wrong_rule_ends_the_start_with_what_to_write() {
    assertThatThrownBy(() -> start(List.of("joind * http://app/")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("webhooks.rules: 'joind * http://app/': there is no event 'joind'");
  }

  @Test
  void nothing_runs_without_rules() {
    chat.start(Kind.LEAN_LINES, Config.defaults());
    assertThat(chat.server().extensions().metrics())
        .extracting(Extensions.Metric::name)
        .noneMatch(name -> name.startsWith("earshot.webhooks"));
  }
}
