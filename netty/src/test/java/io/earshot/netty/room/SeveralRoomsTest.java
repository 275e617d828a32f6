package io.earshot.netty.room;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.HttpClient.Response;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.StreamClient;
import io.earshot.netty.testing.TcpClient;
import io.earshot.protocol.Json;
import io.earshot.protocol.User;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rooms that the query or the body names: one stream, or one poll, of several rooms. */
final class SeveralRoomsTest {
  private static final String KEY = "a-key-that-nobody-guesses";
  private static final String JSON = "Content-Type: application/json";

  @RegisterExtension final RoomClients clients = new RoomClients();

  @BeforeEach
  void start() {
    clients.start(Kind.LEAN_LINES);
  }

  private static String body(String requests) {
    return "{\"stream\":\"" + KEY + "\",\"requests\":[" + requests.replace('\'', '"') + "]}";
  }

  /** Opens a stream by a POST, and reads its welcome. */
  private StreamClient stream(String requests, String... headers) {
    var stream = clients.opened(new StreamClient(clients.server().httpPort(), null));
    String body = body(requests);
    stream.text(
        "POST /rooms HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
            + JSON
            + "\r\nContent-Length: "
            + body.length()
            + "\r\n"
            + String.join("\r\n", headers)
            + "\r\n"
            + body);
    assertThat(stream.head()).startsWith("HTTP/1.1 200 ");
    assertThat(stream.next())
        .startsWith(
            "{\"welcome\":\"Hello! Welcome to Earshot.\",\"context\":\"api\",\"limits\":{\"messageBytes\":");
    assertThat(stream.name).isEqualTo("welcome");
    return stream;
  }

  private Response post(String body) {
    return clients.curl().post("/rooms", "application/json", body.replace('\'', '"'));
  }

  private String say(String room, String text) {
    Response said =
        clients
            .curl()
            .post(
                "/messages?room=" + URLEncoder.encode(room, StandardCharsets.UTF_8),
                "text/plain",
                text);
    assertThat(said.status()).isEqualTo(201);
    return RoomClients.cursor(said.body());
  }

  @Test
  void rooms_join_and_leave_one_stream_while_it_is_open() {
    TcpClient nc = clients.nc("attic");
    StreamClient stream =
        stream(
            "{'event':'roomAdd','room':'attic','messageId':1},"
                + "{'event':'listenToRoom','room':'a/b ..','messageId':2},"
                + "{'event':'roomAdd','room':'','messageId':3}");
    assertThat(stream.next()).contains("\"status\":\"OK\"", "\"room\":\"attic\"", "\"epoch\"");
    assertThat(stream.name).isEqualTo("notice");
    assertThat(stream.next()).contains("\"status\":\"OK\"", "\"room\":\"a/b ..\"");
    assertThat(stream.next()).contains("\"error\":\"Error: room is required");
    clients.awaitMembers("attic", 2);
    nc.ask("say to the attic");
    assertThat(stream.heard()).contains("\"message\":\"to the attic\"", "\"room\":\"attic\"");
    String place = say("a/b ..", "to the other");
    assertThat(stream.heard()).contains("\"room\":\"a/b ..\"");
    assertThat(stream.lastId).isEqualTo(place);

    assertThat(
            post(body("{'event':'roomAdd','room':'cellar'},{'event':'roomLeave','room':'attic'}")))
        .extracting(Response::status, Response::body)
        .containsExactly(202, "{}");
    assertThat(stream.next()).contains("\"room\":\"cellar\"");
    assertThat(stream.next()).contains("\"status\":\"OK\"", "\"room\":\"attic\"");
    clients.awaitMembers("attic", 1);
    nc.ask("say not for the stream");
    var _ = say("cellar", "to the cellar");
    assertThat(stream.heard()).contains("to the cellar");
    // The client may say something under the id of the stream; it does not receive that.
    assertThat(
            post(body(
                    "{'event':'say','room':'cellar','message':'mine'},{'event':'roomView','room':'cellar'}"))
                .status())
        .isEqualTo(202);
    assertThat(stream.next()).contains("\"status\":\"OK\"", "\"offset\"");
    assertThat(stream.next()).contains("\"membersCount\":1");
    stream.close();
    clients.awaitMembers("cellar", 0);
    RoomClients.assertProblem(post(body("")), 404);
  }

  @Test
  void a_stream_resumes_each_room_from_its_own_cursor() {
    clients.nc("attic");
    String attic = say("attic", "1");
    String cellar = say("cellar", "1");
    var _ = say("attic", "2");
    var _ = say("cellar", "2");
    StreamClient stream =
        clients.stream(
            "/rooms?room=attic&after=" + attic + "&room=cellar&after=" + cellar + "&room=x&after=",
            StreamClient.LINES);
    var seen = new ArrayList<String>();
    for (int i = 0; i < 6; i++) {
      seen.add(stream.next());
    }
    assertThat(seen.get(1)).contains("\"room\":\"attic\"", "\"recovered\":true");
    assertThat(seen.get(2)).contains("\"message\":\"2\",\"room\":\"attic\"");
    assertThat(seen.get(3)).contains("\"room\":\"cellar\"", "\"recovered\":true");
    assertThat(seen.get(4)).contains("\"message\":\"2\",\"room\":\"cellar\"");
    assertThat(seen.get(5)).contains("\"room\":\"x\"").doesNotContain("recovered");
    StreamClient lost =
        stream(
            "{'event':'roomAdd','room':'attic','after':'other:1'},{'event':'roomAdd','room':'x'}");
    assertThat(lost.next()).contains("\"room\":\"attic\"", "\"recovered\":false");
    assertThat(lost.next()).contains("\"room\":\"x\"").doesNotContain("recovered");
  }

  /** An event stream of rooms, as a browser that returns opens it. */
  private StreamClient events(String rooms, String... headers) {
    var all = new ArrayList<>(List.of(StreamClient.EVENTS));
    all.addAll(List.of(headers));
    StreamClient stream = clients.stream("/rooms?room=" + rooms, all.toArray(String[]::new));
    assertThat(stream.next()).contains("\"welcome\"");
    return stream;
  }

  @Test
  void a_browser_resumes_all_rooms_of_its_stream_after_its_last_event() {
    String odd = "room=b%22%2C%22room%22%3A%22";
    clients.nc("attic");
    StreamClient stream = events("attic&" + odd + "%C3%BC&room=empty");
    for (int i = 0; i < 3; i++) {
      assertThat(stream.next()).contains("\"status\":\"OK\"");
      assertThat(stream.lastId.split(",", -1)).hasSize(3);
    }
    var heard = new ArrayList<String>();
    var said = new ArrayList<String>();
    for (int round = 0; round < 6; round++) {
      String[] cursors = new String[2];
      for (int i = 0; i < 6; i++) {
        String text = round + "-" + i + ",\\\"room\\\":\\\"attic\\\"";
        said.add(text.replace("\\", ""));
        cursors[i % 2] = say(i % 2 == 0 ? "attic" : "b\",\"room\":\"ü", said.getLast());
      }
      for (int i = 0; i < round; i++) {
        heard.add(String.valueOf(stream.heard()));
      }
      if (round == 5) {
        break;
      }
      stream.reset(); // in the middle of what it is sent
      stream =
          events(
              "attic&after=dead:1&" + odd + "%C3%BC&after=dead:1&room=empty&after=dead:1",
              "Last-Event-ID: " + stream.lastId);
    }
    while (heard.size() < said.size()) {
      heard.add(String.valueOf(stream.heard()));
    }
    for (String parity : List.of("02468", "13579")) {
      assertThat(heard)
          .extracting(each -> each.replaceAll(".*?\"message\":\"(\\d+-\\d+).*", "$1"))
          .filteredOn(each -> parity.contains(each.substring(each.length() - 1)))
          .isEqualTo(
              said.stream()
                  .map(each -> each.replaceAll(",.*", ""))
                  .filter(each -> parity.contains(each.substring(each.length() - 1)))
                  .toList());
    }
  }

  @Test
  void fields_that_an_application_gives_a_user_do_not_change_the_ids_of_events() {
    User ada = User.of("ada", null, Map.of("room", Json.of("cellar"), "from", Json.of("Paris")));
    clients.server().api().hooks().onConnect((_, client) -> client.user(ada));
    StreamClient stream = events("attic&room=cellar");
    assertThat(stream.next()).contains("\"status\":\"OK\"");
    assertThat(stream.next()).contains("\"status\":\"OK\"");
    String[] before = stream.lastId.split(",", -1);
    TcpClient nc = clients.nc("attic");
    assertThat(nc.ask("say {\"room\":\"cellar\"}")).contains("OK");
    assertThat(stream.heard()).contains("\"room\":\"attic\"", "Paris");
    String[] after = stream.lastId.split(",", -1);
    assertThat(after[0]).isNotEqualTo(before[0]);
    assertThat(after[1]).isEqualTo(before[1]);
  }

  @Test
  void an_event_has_the_cursors_of_all_rooms_that_were_sent_before_it() {
    StreamClient stream = events("attic&room=cellar");
    var _ = stream.next();
    var _ = stream.next();
    String attic = say("attic", "1");
    String cellar = say("cellar", "2");
    assertThat(stream.heard()).contains("\"1\"");
    assertThat(stream.lastId).startsWith(attic + ",").doesNotContain(cellar);
    assertThat(stream.heard()).contains("\"2\"");
    assertThat(stream.lastId).isEqualTo(attic + "," + cellar);
    // The answer for a room that misses messages has the cursor that the client gave.
    String later = say("cellar", "3");
    StreamClient back = events("attic&room=cellar", "Last-Event-ID: " + stream.lastId);
    for (int i = 0; i < 2; i++) {
      assertThat(back.next()).contains("\"recovered\":true");
      assertThat(back.lastId).isEqualTo(attic + "," + cellar);
    }
    assertThat(back.heard()).contains("\"3\"");
    assertThat(back.lastId).isEqualTo(attic + "," + later);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "none", "CURSOR", "CURSOR,x", "?:0,?:0", "CURSOR,e:1,e:1"})
  void a_last_event_id_that_does_not_have_the_rooms_begins_now_and_says_what_is_not_recovered(
      String last) {
    String now = say("attic", "one");
    StreamClient stream =
        events("attic&room=cellar", "Last-Event-ID: " + last.replace("CURSOR", now));
    boolean isKnown = last.equals("CURSOR,x");
    assertThat(stream.next()).contains("\"room\":\"attic\"", "\"recovered\":" + isKnown);
    assertThat(stream.next()).contains("\"room\":\"cellar\"", "\"recovered\":false");
    String next = say("attic", "two");
    assertThat(stream.heard()).contains("\"two\"");
    assertThat(stream.lastId).startsWith(next + ",");
  }

  @Test
  void a_stream_of_so_many_rooms_that_their_cursors_are_too_long_has_no_ids_to_resume_from() {
    clients.restart("limits.rooms=256");
    String rooms =
        String.join("&room=", IntStream.range(0, 256).mapToObj(String::valueOf).toList());
    StreamClient stream = events(rooms);
    for (int i = 0; i < 256; i++) {
      assertThat(stream.next()).contains("\"status\":\"OK\"");
      assertThat(stream.lastId).hasSizeLessThanOrEqualTo(2_048);
    }
    assertThat(stream.lastId).isEqualTo("none");
    StreamClient back = events(rooms, "Last-Event-ID: " + stream.lastId);
    for (int i = 0; i < 256; i++) {
      assertThat(back.next()).contains("\"recovered\":false");
    }
  }

  @Test
  void a_room_that_refuses_a_stream_or_removes_it_does_not_end_the_others() throws Exception {
    clients.restart("rooms.rules=vip join=nobody listen=nobody");
    StreamClient stream =
        stream(
            "{'event':'roomAdd','room':'vip','messageId':1},{'event':'roomAdd','room':'attic'},"
                + "{'event':'roomAdd','room':'cellar'}");
    assertThat(stream.next()).contains("\"error\"", "\"room\":\"vip\"", "\"messageId\":1");
    assertThat(stream.next()).contains("\"status\":\"OK\"", "\"room\":\"attic\"");
    assertThat(stream.next()).contains("\"status\":\"OK\"", "\"room\":\"cellar\"");
    var _ =
        clients
            .server()
            .api()
            .moderation()
            .closeRoom("attic", Duration.ofMinutes(1), "good night")
            .toCompletableFuture()
            .get();
    assertThat(stream.next()).contains("\"context\":\"room\"", "\"room\":\"attic\"", "good night");
    var _ = say("cellar", "still here");
    assertThat(stream.heard()).contains("still here");
  }

  @Test
  void a_poll_of_several_rooms_is_answered_by_the_first_message_of_any() {
    String attic = say("attic", "1");
    Response first =
        post("{'rooms':[{'room':'attic','after':'" + attic + "'},{'room':'cellar','limit':0}]}");
    assertThat(first.body())
        .isEqualTo(
            "{\"rooms\":[{\"room\":\"attic\",\"messages\":[],\"epoch\":\""
                + attic.replace(":", "\",\"offset\":")
                + ",\"recovered\":true},{\"room\":\"cellar\",\"messages\":[]}]}");
    HttpClient poll = clients.curl();
    poll.sendRequest(
        "POST",
        "/rooms",
        ("{'wait':20000,'rooms':[{'room':'attic','after':'" + attic + "'},{'room':'cellar'}]}")
            .replace('\'', '"'),
        JSON);
    clients.awaitPolls(2);
    String cellar = say("cellar", "2");
    String answer = poll.response().body();
    assertThat(RoomClients.texts(answer)).containsExactly("2");
    assertThat(answer)
        .contains(
            "\"room\":\"attic\",\"messages\":[],\"epoch\":\""
                + attic.replace(":", "\",\"offset\":"),
            cellar.replace(":", "\",\"offset\":"));
    clients.awaitPolls(0);
    // A client that goes away leaves no poll behind.
    poll.sendRequest(
        "POST", "/rooms", "{\"wait\":20000,\"rooms\":[{\"room\":\"x\"},{\"room\":\"y\"}]}", JSON);
    clients.awaitPolls(2);
    poll.close();
    clients.awaitPolls(0);
  }

  @Test
  void a_poll_says_which_rooms_refuse_and_reads_the_others() {
    clients.restart("rooms.rules=vip join=nobody listen=nobody");
    var _ = say("attic", "1");
    assertThat(post("{'wait':20000,'rooms':[{'room':'vip'},{'room':'attic'}]}").body())
        .startsWith("{\"rooms\":[{")
        .contains("\"room\":\"vip\"", "\"error\":\"", "\"messages\":[{\"message\":\"1\"");
    assertThat(post("{'rooms':[]}").body())
        .contains("\"rooms\":[]", "\"limits\":{\"messageBytes\":65536,", "\"rooms\":100");
  }

  @Test
  void each_entry_of_a_poll_is_answered_even_if_two_name_one_room() {
    String first = say("attic", "1");
    String second = say("attic", "2");
    String third = say("attic", "3");
    Response answer =
        post(
            "{'rooms':[{'room':'attic','after':'%s'},{'room':'attic','after':'%s'},{'room':'attic','after':'%s'}]}"
                .formatted(first, third, second));
    assertThat(answer.body().split("\\{\"room\":", -1))
        .satisfiesExactly(
            before -> assertThat(before).isEqualTo("{\"rooms\":["),
            one -> assertThat(RoomClients.texts(one)).containsExactly("2", "3"),
            two -> assertThat(RoomClients.texts(two)).isEmpty(),
            three -> assertThat(RoomClients.texts(three)).containsExactly("3"));
  }

  @Test
  void a_poll_has_at_most_as_many_rooms_as_a_client() {
    clients.restart("limits.rooms=2");
    assertThat(post("{'rooms':[{'room':'a'},{'room':'b'}]}").status()).isEqualTo(200);
    Response refused = post("{'rooms':[{'room':'a'},{'room':'b'},{'room':'c'}]}");
    RoomClients.assertProblem(refused, 400);
    assertThat(refused.body()).contains("at most 2 rooms; the setting is limits.rooms");
  }

  @Test
  void each_room_of_a_poll_counts_as_a_request_of_its_address() {
    clients.restart("limits.exemptAddresses=", "limits.requestsPerSecond=2");
    String rooms = String.join(",", Collections.nCopies(20, "{'room':'a'}"));
    assertThat(post("{'rooms':[" + rooms + "]}").status()).isEqualTo(200);
    Response refused = post("{'rooms':[{'room':'a'}]}");
    RoomClients.assertProblem(refused, 429);
    // 21 requests at 2 a second, less a burst of 4, take 8.5 s.
    assertThat(Integer.parseInt(refused.header("retry-after").getFirst())).isBetween(5, 9);
  }

  @Test
  void a_room_is_named_by_the_query_where_a_path_would_be_changed() {
    for (String odd : List.of("..", ".", "a/b", "a%2Fb", "%", "x y+z", "ü", "messages")) {
      String query = "?room=" + URLEncoder.encode(odd, StandardCharsets.UTF_8);
      assertThat(clients.curl().get("/rooms" + query).body())
          .contains("\"room\":\"" + odd + "\"", "\"membersCount\":0");
      assertThat(clients.socket("/rooms" + query).next()).contains("\"room\":\"" + odd + "\"");
      StreamClient stream = clients.stream("/rooms" + query, StreamClient.EVENTS);
      assertThat(stream.next()).contains("\"welcome\"", "\"room\":\"" + odd + "\"");
      var _ = say(odd, "hello");
      assertThat(stream.heard()).contains("hello");
      assertThat(RoomClients.texts(clients.curl().get("/messages" + query).body()))
          .containsExactly("hello");
    }
  }

  @Test
  void a_stream_is_pinged_as_often_as_its_client_asks() {
    StreamClient stream =
        clients.stream("/rooms?stream=" + KEY + "&pingInterval=1000", StreamClient.LINES);
    assertThat(stream.next()).contains("welcome");
    assertThat((char) stream.read()).isEqualTo('\n'); // the ping of a stream of lines
    assertThat(post(body("{'event':'detailsView'}")).status()).isEqualTo(202);
    assertThat(stream.next()).contains("\"room\":\"\"", "\"rooms\":[]");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "400 | {\"stream\":\"short\",\"requests\":[]}",
        "400 | {\"stream\":17,\"requests\":[]}",
        "400 | {\"requests\":[]}",
        "400 | {\"stream\":\"a-key-that-nobody-guesses\"}",
        "400 | {\"stream\":\"a-key-that-nobody-guesses\",\"requests\":[1]}",
        "404 | {\"stream\":\"a-key-that-nobody-guesses\",\"requests\":[]}",
        "400 | {\"rooms\":[1]}",
        "400 | {\"rooms\":[{\"room\":\"\"}]}",
        "400 | {\"rooms\":[{}]}",
        "400 | {\"rooms\":[{\"room\":null}]}",
        "400 | {\"rooms\":[{\"room\":\"a\",\"after\":\"x\"}]}",
        "400 | {\"rooms\":[{\"room\":\"a\"}],\"wait\":-1}",
        "400 | []",
      })
  void a_malformed_request_is_a_problem(int status, String body) {
    RoomClients.assertProblem(post(body), status);
  }

  @Test
  void requests_for_several_rooms_are_checked_as_those_for_one_are() {
    HttpClient curl = clients.curl();
    for (String odd :
        List.of("/rooms", "/messages", "/messages?room=", "/messages?room=a&room=b")) {
      RoomClients.assertProblem(curl.get(odd), 400);
    }
    RoomClients.assertProblem(curl.get("/rooms?room=a&room=b"), 406);
    RoomClients.assertProblem(curl.get("/rooms?room=a&room=b&after=e:1", StreamClient.LINES), 400);
    curl.sendRequest("POST", "/rooms", "x", "Content-Type: text/plain");
    RoomClients.assertProblem(curl.response(), 415);
    String evil = "Origin: http://evil.example";
    curl.sendRequest("POST", "/rooms", body(""), JSON, evil);
    RoomClients.assertProblem(curl.response(), 403);
    curl.sendRequest("POST", "/rooms", body(""), JSON, StreamClient.LINES, evil);
    RoomClients.assertProblem(curl.response(), 403);
    StreamClient stream = stream("");
    curl.sendRequest("POST", "/rooms", body(""), JSON, StreamClient.LINES);
    RoomClients.assertProblem(curl.response(), 409);
    assertThat(
            post(body(
                    "{'event':'resume','session':'x'},{'event':'say','message':'"
                        + "x".repeat(70_000)
                        + "'}"))
                .status())
        .isEqualTo(202);
    assertThat(stream.next()).contains("a stream cannot resume a session");
    assertThat(stream.next()).contains("messages have at most 65536 bytes");
  }
}
