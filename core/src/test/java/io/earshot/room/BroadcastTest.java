package io.earshot.room;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.ChatRoom;
import io.earshot.StandIn;
import io.earshot.protocol.Json;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Messages that server code sends to rooms. */
final class BroadcastTest {
  private final TestServer server = new TestServer(1, TestServer.quiet());
  private final ChatRoom chatRoom = server.earshot.api().chatRoom();

  @Test
  void a_broadcast_from_null_comes_from_the_server_to_the_default_room() {
    Guest guest = server.guest();
    Guest outsider = server.guest();
    outsider.ask("roomChange attic");
    guest.hear();
    chatRoom.socketRoomBroadcast(null, "hello");
    assertThat(guest.hear())
        .singleElement()
        .asString()
        .contains("\"from\":\"Earshot\"", "\"message\":\"hello\"");
    assertThat(outsider.heard()).isEmpty();
  }

  @Test
  void a_broadcast_from_a_connection_is_the_same_as_its_own_say() {
    Guest speaker = server.guest();
    Guest subscriber = server.guest();
    Guest other = server.guest();
    speaker.ask("paramAdd roomMatchKey=id");
    speaker.ask("paramAdd roomMatchValue=" + subscriber.id());
    Stream.of(speaker, subscriber, other).forEach(Guest::hear);
    var told =
        chatRoom.socketRoomBroadcast(speaker.connection(), Map.of("n", 1)).toCompletableFuture();
    assertThat(subscriber.hear())
        .singleElement()
        .asString()
        .contains("\"message\":{\"n\":1}", "\"from\":\"" + speaker.id() + "\"");
    assertThat(told).isCompleted();
    assertThat(speaker.heard()).isEmpty();
    assertThat(other.heard()).isEmpty();
  }

  @Test
  void a_stand_in_speaks_under_its_id_and_excludes_only_the_member_of_that_id() {
    Guest guest = server.guest();
    Guest other = server.guest();
    StandIn standIn = StandIn.in("defaultRoom");
    Stream.of(guest, other).forEach(Guest::hear);
    chatRoom.socketRoomBroadcast(standIn, "zero");
    assertThat(guest.hear()).singleElement().asString().contains("\"from\":0,");
    chatRoom.socketRoomBroadcast(new StandIn(null, Json.of("0"), null), "text");
    assertThat(guest.hear()).singleElement().asString().contains("\"from\":\"0\",");
    chatRoom.socketRoomBroadcast(standIn.withId(guest.id()), "as you");
    assertThat(guest.heard()).isEmpty();
    chatRoom.socketRoomBroadcast(standIn.to("id", guest.id()), "for you");
    assertThat(guest.heard()).containsExactly("for you");
    assertThat(other.heard()).containsExactly("zero", "text", "as you");
  }

  @Test
  void invalid_messages_and_invalid_room_names_are_errors() {
    assertThatThrownBy(() -> chatRoom.socketRoomBroadcast(null, null))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> chatRoom.socketRoomBroadcast(null, new Object()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> chatRoom.socketRoomBroadcast(StandIn.in("a\nb"), "x"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(chatRoom.socketRoomStatus(null).toCompletableFuture()).isCompletedExceptionally();
    assertThat(chatRoom.socketRoomStatus("").toCompletableFuture()).isCompletedExceptionally();
  }
}
