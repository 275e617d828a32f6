package io.earshot.netty.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.TcpClient;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Explanations and traces over HTTP. */
final class AdminExplainTest {
  private static final String KEY = "k".repeat(40);
  private static final String JSON = "application/json";
  private static final EarshotServer SERVER =
      Kind.LEAN_LINES.start(
          Config.defaults()
              .with("rooms.announcements", false)
              .with("admin.keys", List.of("shop " + KEY)));

  @AfterAll
  static void stop() {
    SERVER.close();
  }

  private static HttpClient admin() {
    return new HttpClient(SERVER.httpPort(), false, "Authorization: Bearer " + KEY);
  }

  @Test
  void a_connection_received_the_message_of_another() throws Exception {
    try (var alice = TcpClient.welcomed(SERVER.tcpPort());
        var bob = TcpClient.welcomed(SERVER.tcpPort());
        var admin = admin()) {
      alice.ask("roomChange explained");
      bob.ask("roomChange explained");
      alice.ask("say one");
      assertThat(bob.next()).contains("\"message\":\"one\"");
      String path = "/admin/explain?room=explained&offset=1&connection=";
      assertThat(admin.get(path + bob.id()).body())
          .startsWith("{\"outcome\":\"received\",\"text\":\"Connection " + bob.id())
          .contains("written to the socket; 0 bytes wait.\"", "\"event\":\"subscribed\"")
          .contains("\"offset\":1", "\"unanswered\":[]");
      assertThat(admin.get(path + alice.id()).body()).startsWith("{\"outcome\":\"sender\"");
      assertThat(admin.get("/admin/explain?room=explained&connection=" + bob.id()).body())
          .contains("\"messages\":[{\"outcome\":\"received\"");
      assertThat(admin.get(path + "0".repeat(32)).body())
          .startsWith("{\"outcome\":\"never_heard_of\"");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "user=u7|room is required",
        "room=a|name a user or a connection",
        "room=a&user=u&connection=c|name a user or a connection",
        "room=a&user=|user has 1 to 128 characters",
        "room=a&user=u&offset=-1|offset is the offset of a message",
        "room=a&user=u&offset=0|offset is the offset of a message",
        "room=a&user=u&offset=99999999999999999999|offset is the offset of a message",
        "room=a&user=u&epoch=%20|epoch is not one",
        "room=a&user=u&since=yesterday|since is in milliseconds since 1970",
        "room=a%0Ab&user=u|room",
        "room=a&room=b&user=u|room is to be given once"
      })
  void a_wrong_question_is_refused_with_the_reason(String query, String reason) throws Exception {
    try (var admin = admin()) {
      HttpClient.Response answer = admin.get("/admin/explain?" + query);
      assertThat(answer.status()).isEqualTo(400);
      assertThat(answer.body()).contains(reason);
    }
  }

  @Test
  void a_trace_streams_the_events_of_a_room_as_json_lines_until_it_is_ended() throws Exception {
    try (var alice = TcpClient.welcomed(SERVER.tcpPort());
        var admin = admin();
        var client = java.net.http.HttpClient.newHttpClient()) {
      HttpClient.Response begun =
          admin.post("/admin/traces", JSON, "{\"room\":\"traced\",\"seconds\":600}");
      assertThat(begun.status()).isEqualTo(201);
      String path = begun.header("location").getFirst();
      Stream<String> lines = client.send(request(path, "*/*"), BodyHandlers.ofLines()).body();
      alice.ask("roomChange traced");
      alice.ask("say one");
      var read = lines.iterator();
      assertThat(read.next()).contains("\"event\":\"joined\"", alice.id());
      assertThat(read.next()).contains("\"event\":\"subscribed\"");
      assertThat(read.next()).contains("\"event\":\"message\"", "\"to\":1");
      var other = client.send(request(path, "text/event-stream"), BodyHandlers.ofString());
      assertThat(other.headers().firstValue("content-type").orElse("")).contains("event-stream");
      assertThat(other.body()).startsWith("data: {").contains("another client reads this trace");
      admin.sendRequest("DELETE", path, "");
      assertThat(admin.response().status()).isEqualTo(200);
      assertThat(read.next()).isEqualTo("{\"event\":\"ended\"}");
      assertThat(read.hasNext()).isFalse();
    }
  }

  private static HttpRequest request(String path, String accept) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + SERVER.httpPort() + path))
        .header("authorization", "Bearer " + KEY)
        .header("accept", accept)
        .build();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}|name one of room, user and connection",
        "{\"room\":\"a\",\"user\":\"u\"}|name one of room, user and connection",
        "{\"room\":7}|room is a text",
        "{\"room\":\"a\",\"seconds\":0}|seconds is from 1 to 600",
        "{\"room\":\"a\",\"seconds\":601}|seconds is from 1 to 600",
        "{\"room\":\"a\",\"for\":1}|means nothing here"
      })
  void a_wrong_trace_is_refused_with_the_reason(String body, String reason) throws Exception {
    try (var admin = admin()) {
      HttpClient.Response answer = admin.post("/admin/traces", JSON, body);
      assertThat(answer.status()).isEqualTo(400);
      assertThat(answer.body()).contains(reason);
    }
  }

  @Test
  void of_a_hundred_traces_at_once_most_are_refused_and_an_unknown_one_is_not_found()
      throws Exception {
    try (var admin = admin()) {
      var paths = new ArrayList<String>();
      for (int i = 0; i < 100; i++) {
        HttpClient.Response begun = admin.post("/admin/traces", JSON, "{\"user\":\"u7\"}");
        if (begun.status() == 201) {
          paths.add(begun.header("location").getFirst());
        } else {
          assertThat(begun.status()).isEqualTo(429);
          assertThat(begun.body()).contains("there are 10 traces already");
        }
      }
      assertThat(paths).hasSizeLessThanOrEqualTo(10).isNotEmpty();
      for (String path : paths) {
        admin.sendRequest("DELETE", path, "");
        assertThat(admin.response().status()).isEqualTo(200);
      }
      assertThat(admin.get("/admin/traces/nope").status()).isEqualTo(404);
    }
  }
}
