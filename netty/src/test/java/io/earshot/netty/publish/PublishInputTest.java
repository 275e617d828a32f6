package io.earshot.netty.publish;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.AdminClient;
import io.earshot.netty.testing.HttpClient.Response;
import io.earshot.netty.testing.Kind;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Requests to publish that are not valid: each is refused as a whole, with the reason. */
final class PublishInputTest {
  private static final String KEY = "k".repeat(40);

  private static final EarshotServer SERVER =
      Kind.LEAN_LINES.start(
          Config.defaults()
              .with("httpServer.maxBodyLength", 4 << 20)
              .with("admin.keys", List.of("shop " + KEY)));

  private static final AdminClient SHOP = new AdminClient(SERVER.httpPort(), KEY);

  /** A message that comes before and after the one that is not valid, and is never told. */
  private static final String VALID = "{\"room\":\"quiet\",\"message\":1}";

  @AfterAll
  static void stop() {
    SERVER.close();
  }

  @AfterEach
  void no_message_of_a_refused_request_was_told() {
    assertThat(SHOP.get("/admin/rooms/quiet").body()).doesNotContain("epoch");
  }

  private static void assertProblem(Response response, int status, String words) {
    assertThat(response.status()).as(response.body()).isEqualTo(status);
    assertThat(response.header("content-type")).containsExactly("application/problem+json");
    assertThat(response.body()).contains(words).hasSizeLessThan(500);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "1|a message is an object",
        "{}|a message is required",
        "{\"message\":1}|one of room, rooms, user and users is required",
        "{\"message\":1,\"room\":\"a\",\"user\":\"b\"}|one of room, rooms, user and users is required",
        "{\"room\":\"a\"}|a message is required",
        "{\"message\":1,\"room\":1}|room is a text",
        "{\"message\":1,\"room\":null}|room is a text",
        "{\"message\":1,\"room\":\"\"}|room names have",
        "{\"message\":1,\"room\":\"a\\u0000b\"}|room names have",
        "{\"message\":1,\"room\":\"\\ud800\"}|room names have",
        "{\"message\":1,\"rooms\":\"a\"}|rooms is a list",
        "{\"message\":1,\"rooms\":[]}|rooms is a list",
        "{\"message\":1,\"rooms\":[1]}|rooms is a list of texts",
        "{\"message\":1,\"rooms\":[\"a\",\"b\",\"a\"]}|rooms has 'a' twice",
        "{\"message\":1,\"user\":\"\"}|the id of a user has",
        "{\"message\":1,\"user\":7}|user is a text",
        "{\"message\":1,\"user\":\"a\\u0000\"}|the id of a user has",
        "{\"message\":1,\"users\":{}}|users is a list",
        "{\"message\":1,\"users\":[\"a\",\"a\"]}|users has 'a' twice",
        "{\"message\":1,\"room\":\"a\",\"from\":1}|from is a text",
        "{\"message\":1,\"room\":\"a\",\"from\":null}|from is a text",
        "{\"message\":1,\"room\":\"a\",\"id\":1}|id is a text",
        "{\"message\":1,\"room\":\"a\",\"id\":\"\"}|id has 1 to 256",
        "{\"message\":1,\"room\":\"a\",\"match\":1}|match is",
        "{\"message\":1,\"room\":\"a\",\"match\":{\"key\":\"a\"}}|match is",
        "{\"message\":1,\"room\":\"a\",\"match\":{\"key\":\"a\",\"value\":1}}|match is",
        "{\"message\":1,\"user\":\"a\",\"match\":{\"key\":\"a\",\"value\":\"b\",\"c\":1}}|match is",
        "{\"message\":1,\"room\":\"a\",\"messageId\":\"x\"}|'messageId' means nothing here; there is room,"
      })
  void a_message_that_is_not_valid_refuses_the_request_and_is_named(String message, String words) {
    assertProblem(SHOP.publish(VALID, VALID, message, VALID), 400, "messages[2]: " + words);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{}|messages is required",
        "{\"messages\":[]}|messages is required",
        "{\"messages\":{}}|messages is required",
        "{\"messages\":null}|messages is required",
        "{\"message\":1,\"room\":\"a\"}|means nothing here; there is messages",
        "[]|must be one object",
        "{\"messages\":[|not valid JSON"
      })
  void a_body_that_is_not_valid_is_refused(String body, String words) {
    assertProblem(SHOP.post("/admin/publish", body), 400, words);
  }

  @Test
  void requests_are_bounded() {
    assertProblem(
        SHOP.publish(Collections.nCopies(1_001, VALID).toArray(String[]::new)),
        413,
        "messages[1000]: a request has at most 1000 messages");
    assertProblem(SHOP.publish(VALID, toRooms("1", 1_000)), 413, "at most 1000 messages");
    assertProblem(
        SHOP.publish(VALID, toRooms("\"" + "x".repeat(65_000) + "\"", 300)),
        413,
        "messages[1]: the messages of a request have at most 16777216 bytes");
    assertProblem(
        SHOP.publish(VALID, "{\"message\":\"" + "x".repeat(1 << 20) + "\",\"room\":\"quiet\"}"),
        413,
        "messages[1]: a message has at most 65536 bytes");
  }

  private static String toRooms(String message, int count) {
    String rooms =
        IntStream.range(0, count).mapToObj(i -> "\"r" + i + "\"").collect(Collectors.joining(","));
    return "{\"message\":" + message + ",\"rooms\":[" + rooms + "]}";
  }

  @Test
  void texts_of_the_client_in_an_error_are_short() {
    String name = "n".repeat(900);
    assertProblem(SHOP.publish("{\"message\":1,\"" + name + "\":1}"), 400, "'nnn");
    assertProblem(SHOP.post("/admin/publish", "{\"" + name + "\":1}"), 400, "'nnn");
    String room = "r".repeat(256);
    assertProblem(
        SHOP.publish("{\"message\":1,\"rooms\":[\"" + room + "\",\"" + room + "\"]}"),
        400,
        "rooms has 'rrr");
    assertProblem(
        SHOP.publish("{\"message\":1,\"room\":\"a\",\"id\":\"" + name + "\"}"), 400, "id has 1 to");
  }

  @Test
  void two_messages_with_one_id_in_one_room_are_refused() {
    String first = "{\"message\":1,\"rooms\":[\"quiet\",\"b\"],\"id\":\"x\"}";
    String same = "{\"message\":2,\"room\":\"b\",\"id\":\"x\"}";
    String inbox = "{\"message\":2,\"user\":\"ada\",\"id\":\"x\"}";
    String named = "{\"message\":2,\"room\":\"@ada\",\"id\":\"x\"}";
    assertProblem(
        SHOP.publish(VALID, first, same), 400, "messages[2]: its id is that of messages[1]");
    assertProblem(SHOP.publish(VALID, inbox, named), 400, "messages[2]: its id is that of");
  }

  @Test
  void the_single_message_of_a_room_takes_the_same_fields() {
    String path = "/admin/rooms/quiet/messages";
    assertProblem(SHOP.post(path, "{\"message\":1,\"id\":7}"), 400, "id is a text");
    assertProblem(SHOP.post(path, "{\"message\":1,\"room\":\"a\"}"), 400, "'room' means nothing");
    assertProblem(SHOP.post(path, "{\"message\":1,\"x\":1}"), 400, "there is message, from, match");
  }
}
