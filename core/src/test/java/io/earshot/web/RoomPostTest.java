package io.earshot.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.ChatRoom;
import io.earshot.Sender;
import io.earshot.StandIn;
import io.earshot.Transport;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Start;
import io.earshot.spi.ConnectRequest;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Posts by HTTP clients that are not members, and connections that begin in a room. */
final class RoomPostTest extends RoomReaderTestCase {
  // --- speaking --------------------------------------------------------------------------------

  @Test
  void a_post_is_delivered_to_all_members_and_kept_in_the_history() {
    Guest guest = server.guest();
    guest.hear();
    Cursor place = post(ROOM, "hello");
    assertThat(guest.hear()).singleElement().asString().contains("hello", POSTER);
    assertThat(place).isEqualTo(end(ROOM));
    assertThat(texts(read(ROOM, null, 1))).containsExactly("hello");
  }

  @Test
  void a_post_to_an_empty_room_is_kept_for_a_while_in_a_limited_number_of_rooms() {
    Cursor place = post("attic", "one");
    post("attic", "two");
    Guest guest = server.guest();
    assertThat(guest.ask("roomChange attic after=" + place)).contains("\"recovered\":true");
    assertThat(guest.heard()).containsExactly("two");
    guest.ask("roomChange " + ROOM);
    server.pass(Duration.ofSeconds(61));
    server.pass(Duration.ofSeconds(61));
    assertThat(room("attic")).isNull();

    restart(config().with("limits.emptyRooms", 10));
    for (int i = 0; i < 100; i++) {
      post("room" + i, "x");
    }
    assertThat(IntStream.range(0, 100).mapToObj(i -> room("room" + i)).filter(r -> r != null))
        .hasSizeLessThanOrEqualTo(10);
    assertThat(room("room99")).isNotNull();
  }

  @Test
  void a_message_of_a_program_to_an_empty_room_is_kept_like_a_post() {
    ChatRoom chatRoom = server.earshot.api().chatRoom();
    speaker.ask("roomChange elsewhere");
    Map<String, @Nullable Sender> senders = new HashMap<>();
    senders.put("attic", StandIn.in("attic"));
    senders.put("defaultRoom", null);
    senders.forEach(
        (room, sender) -> {
          var told = chatRoom.socketRoomBroadcast(sender, "one").toCompletableFuture();
          server.settle();
          assertThat(told).isCompleted();
          assertThat(texts(read(room, null, 9))).containsExactly("one");
          server.pass(Duration.ofSeconds(50));
          chatRoom.socketRoomBroadcast(sender, "two");
          server.pass(Duration.ofSeconds(50));
          assertThat(texts(read(room, null, 9))).containsExactly("two");
        });
  }

  @Test
  void a_post_keeps_an_empty_room_for_as_long_as_the_history_keeps_it() {
    post("attic", "one");
    server.pass(Duration.ofSeconds(50));
    post("attic", "two");
    server.pass(Duration.ofSeconds(50));
    assertThat(texts(read("attic", null, 9))).containsExactly("two");
  }

  @Test
  void a_post_with_a_repeated_message_id_is_delivered_once_and_answered_like_the_first() {
    Cursor first = post(ROOM, "hello", POSTER, Json.of("m1"));
    assertThat(post(ROOM, "hello", POSTER, Json.of("m1"))).isEqualTo(first);
    assertThat(post(ROOM, "hello", "", Json.of("m1"))).isNotEqualTo(first);
    assertThat(texts(read(ROOM, null, 9))).containsExactly("hello", "hello");
    Cursor lonely = post("attic", "hello", "", Json.of("m1"));
    assertThat(post("attic", "hello", "", Json.of("m1"))).isEqualTo(lonely);
  }

  // --- connections that begin in a room --------------------------------------------------------

  private Guest visitor(String room, @Nullable Cursor after, Transport transport) {
    Guest guest = server.new Guest(server.loops.get(1), TestServer.Lines.TWO);
    guest.loop.run(
        () ->
            guest.intake =
                server.earshot.connect(
                    guest.loop,
                    guest,
                    guest.wire,
                    transport,
                    room,
                    Start.after(after),
                    null,
                    ConnectRequest.NONE));
    server.settle();
    return guest;
  }

  @Test
  void a_client_that_connects_with_a_cursor_gets_the_welcome_then_missed_messages_then_new_ones() {
    Cursor known = post("attic", "known");
    post("attic", "missed");
    Guest guest = visitor("attic", known, Transport.STREAM);
    post("attic", "new");
    List<String> lines = guest.hear();
    assertThat(lines.getFirst())
        .contains("\"welcome\"", "\"room\":\"attic\"", "\"offset\":2,\"recovered\":true");
    assertThat(TestServer.texts(lines)).containsExactly("missed", "new");
    assertThat(visitor("attic", new Cursor("dead", 1), Transport.STREAM).hear())
        .singleElement()
        .asString()
        .contains("\"recovered\":false", "\"offset\":3");
    assertThat(visitor("attic", null, Transport.STREAM).hear().getFirst())
        .doesNotContain("recovered");
  }

  @Test
  void a_cursor_of_a_room_that_was_dropped_since_gets_all_of_the_new_order() {
    Guest first = visitor("attic", null, Transport.WEBSOCKET);
    String welcome = first.hear().getFirst();
    first.ask("roomChange cellar");
    server.settle();
    String epoch = welcome.replaceAll(".*\"epoch\":\"(\\w+)\".*", "$1");
    Cursor said = post("attic", "first words");
    assertThat(said.epoch()).as("the room was empty").isNotEqualTo(epoch);
    List<String> lines = visitor("attic", new Cursor(epoch, 1), Transport.WEBSOCKET).hear();
    assertThat(lines.getFirst()).contains("\"recovered\":false", "\"offset\":0");
    assertThat(TestServer.texts(lines)).containsExactly("first words");
  }

  @Test
  void a_lost_stream_leaves_at_once_since_it_cannot_resume() {
    restart(config().with("general.resumeWindow", "30s"));
    Guest stream = visitor("attic", null, Transport.STREAM);
    Guest socket = visitor("attic", null, Transport.WEBSOCKET);
    assertThat(stream.hear().getFirst()).doesNotContain("\"session\"");
    assertThat(socket.hear().getFirst()).contains("\"session\"");
    stream.loop.run(stream.intake::gone);
    socket.loop.run(socket.intake::gone);
    server.settle();
    assertThat(speaker.ask("roomChange attic")).contains("OK");
    assertThat(speaker.ask("roomView")).contains("\"membersCount\":2").contains(socket.id());
  }
}
