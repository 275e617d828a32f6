package io.earshot.netty.room;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.netty.testing.Client;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.StreamClient;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Earlier messages of a room, by its URLs. */
@ParameterizedClass
@EnumSource(
    value = Kind.class,
    names = {"LEAN_LINES", "NIO_LINES"})
final class RoomHistoryTest {
  @Parameter
  @SuppressWarnings("NullAway.Init")
  Kind kind;

  @RegisterExtension final RoomClients clients = new RoomClients();

  @BeforeEach
  void start() {
    clients.start(kind);
    RoomClients.numbers(1, 5).forEach(clients::post);
  }

  @Test
  void a_url_of_a_room_with_a_history_leads_to_the_newest_messages_and_then_to_new_ones() {
    String url = RoomClients.ATTIC + "?history=2";
    Client events = clients.stream(url, StreamClient.EVENTS);
    for (Client each :
        List.of(events, clients.stream(url, StreamClient.LINES), clients.socket(url))) {
      assertThat(each.next()).contains("\"welcome\"", "\"offset\":", "\"history\":2");
      clients.post("new");
      assertThat(RoomClients.texts(each.heard())).hasSize(1).doesNotContain("new");
      assertThat(each.heard()).contains("\"message\":");
      assertThat(RoomClients.texts(each.heard())).containsExactly("new");
      each.close();
    }
  }

  @Test
  void a_browser_that_lost_its_stream_after_the_welcome_receives_the_history_again() {
    StreamClient events = clients.stream(RoomClients.ATTIC + "?history=3", StreamClient.EVENTS);
    assertThat(events.next()).contains("\"history\":3");
    String welcomed = events.lastId;
    events.reset();
    StreamClient back =
        clients.stream(
            RoomClients.ATTIC + "?history=3", StreamClient.EVENTS, "Last-Event-ID: " + welcomed);
    assertThat(back.next()).contains("\"recovered\":true").doesNotContain("history");
    assertThat(RoomClients.texts(back.heard())).containsExactly("3");
  }

  @Test
  void a_stream_of_several_rooms_begins_with_the_history_of_each() {
    StreamClient stream =
        clients.stream("/rooms?room=attic&room=cellar&history=1", StreamClient.LINES);
    assertThat(stream.next()).contains("\"welcome\"");
    assertThat(stream.next()).contains("\"room\":\"attic\"", "\"history\":1");
    assertThat(RoomClients.texts(String.valueOf(stream.next()))).containsExactly("5");
    assertThat(stream.next()).contains("\"room\":\"cellar\"", "\"history\":0");
  }

  @Test
  void a_poll_of_rooms_begins_with_their_history() {
    String body =
        "{\"rooms\":[{\"room\":\"attic\",\"history\":2},{\"room\":\"cellar\",\"history\":2}]}";
    String answer = clients.curl().post("/rooms", "application/json", body).body();
    assertThat(RoomClients.texts(answer)).containsExactly("4", "5");
    assertThat(answer).contains("\"history\":2", "{\"room\":\"cellar\",\"messages\":[]}");
    String last = answer.substring(answer.indexOf("{\"message\":\"5\""));
    String known = "\"after\":\"" + RoomClients.cursor(last) + "\"";
    clients.post("6");
    body = "{\"rooms\":[{\"room\":\"attic\",\"history\":2," + known + "}]}";
    answer = clients.curl().post("/rooms", "application/json", body).body();
    assertThat(RoomClients.texts(answer)).containsExactly("6");
    assertThat(answer).contains("\"recovered\":true").doesNotContain("history");
  }

  @Test
  void pages_before_a_cursor_lead_back_to_the_first_message() {
    HttpClient curl = clients.curl();
    clients.socket(RoomClients.ATTIC).next(); // which is announced, and no part of the history
    String newest = curl.get(RoomClients.MESSAGES + "?before=&limit=3").body();
    assertThat(RoomClients.texts(newest)).containsExactly("3", "4", "5");
    assertThat(newest).endsWith(",\"more\":true}");
    String epoch = RoomClients.field(newest, "epoch");
    String third = RoomClients.field(newest, "offset");
    String oldest = curl.get(RoomClients.MESSAGES + "?before=" + epoch + ":" + third).body();
    assertThat(RoomClients.texts(oldest)).containsExactly("1", "2");
    assertThat(oldest).endsWith(",\"more\":false}");
    assertThat(curl.get("/rooms/nowhere/messages?before=e:1").body())
        .isEqualTo("{\"room\":\"nowhere\",\"messages\":[],\"more\":false}");
  }

  @ParameterizedTest
  @CsvSource({
    "/rooms/attic/messages?before=yesterday, before must be epoch:offset",
    "/rooms/attic/messages?before=&limit=1000000, limit must be a number from 1 to 1000",
    "/rooms/attic/messages?before=&limit=0, limit must be a number from 1 to 1000",
    "/rooms/attic/messages?before=&after=e:1, before does not go with after or history",
    "/rooms/attic/messages?history=1001, history must be a number from 0 to 1000",
  })
  void a_request_that_is_out_of_bounds_is_a_problem(String path, String problem) {
    assertThat(clients.curl().get(path).body()).contains("\"status\":400", problem);
  }

  @Test
  void a_stream_with_a_history_that_is_out_of_bounds_is_refused() {
    RoomClients.assertProblem(
        clients.curl().get("/rooms/attic?history=1000000", StreamClient.EVENTS), 400);
    RoomClients.assertProblem(
        clients
            .curl()
            .post("/rooms", "application/json", "{\"rooms\":[{\"room\":\"a\",\"history\":-1}]}"),
        400);
  }
}
