package io.earshot.room;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.ChatRoom;
import io.earshot.Config;
import io.earshot.engine.EngineInside;
import io.earshot.protocol.RoomStatus;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Members and listeners of rooms, and the announcements of joins and leaves. */
final class RoomMembersTest {
  private final TestServer server = new TestServer(1, TestServer.quiet());
  private final ChatRoom chatRoom = server.earshot.api().chatRoom();

  @Test
  void joins_and_leaves_are_announced_to_their_rooms_and_not_to_the_member_itself() {
    var server = new TestServer();
    Guest here = server.guest();
    Guest there = server.guest();
    there.ask("roomChange attic");
    here.hear();
    Guest mover = server.guest();
    assertThat(here.heard()).containsExactly("I have entered the room");
    mover.ask("roomChange attic");
    assertThat(here.heard()).containsExactly("I have left the room");
    assertThat(there.heard()).containsExactly("I have entered the room");
    mover.ask("roomChange attic");
    assertThat(there.heard()).containsExactly("I have left the room", "I have entered the room");
    mover.loop.run(mover.intake::gone);
    assertThat(there.heard()).containsExactly("I have left the room");
    assertThat(mover.heard()).isEmpty();
  }

  @Test
  void an_announcement_reaches_all_members_whatever_audience_the_params_set() {
    var server = new TestServer();
    Guest here = server.guest();
    Guest mover = server.guest();
    mover.ask("paramAdd roomMatchKey=id");
    mover.ask("paramAdd roomMatchValue=nobody");
    here.hear();
    mover.ask("roomChange attic");
    assertThat(here.heard()).containsExactly("I have left the room");
  }

  @Test
  void rooms_above_the_configured_size_have_no_announcements() {
    var server = new TestServer(1, Config.defaults().with("rooms.announcementsUpTo", 2));
    Guest first = server.guest();
    Guest second = server.guest();
    assertThat(first.heard()).hasSize(1);
    Guest third = server.guest();
    third.loop.run(third.intake::gone);
    assertThat(first.heard()).isEmpty();
    second.loop.run(second.intake::gone);
    assertThat(first.heard()).containsExactly("I have left the room");
  }

  @Test
  void members_are_listed_in_the_order_in_which_they_joined_and_listeners_are_not_listed() {
    List<Guest> guests = Stream.generate(server::guest).limit(40).toList();
    guests.get(39).ask("listenToRoom attic");
    IntStream.range(0, 39)
        .filter(i -> i % 3 != 0)
        .forEach(i -> guests.get(i).ask("roomChange attic"));
    guests.get(1).ask("roomChange attic");
    List<String> expected =
        Stream.concat(IntStream.range(2, 39).filter(i -> i % 3 != 0).boxed(), Stream.of(1))
            .map(i -> guests.get(i).id())
            .toList();
    assertThat(status("attic")).extracting(RoomStatus::members).isEqualTo(expected);
  }

  @Test
  void a_room_without_members_and_listeners_is_dropped() {
    Guest guest = server.guest();
    guest.ask("listenToRoom attic");
    guest.ask("roomChange cellar");
    assertThat(EngineInside.rooms(server.earshot).shards().getFirst().roomCount()).isEqualTo(2);
    guest.ask("silenceRoom attic");
    guest.loop.run(guest.intake::gone);
    server.settle();
    assertThat(EngineInside.rooms(server.earshot).shards().getFirst().roomCount()).isZero();
    assertThat(status("cellar")).isEqualTo(new RoomStatus("cellar", List.of(), null));
  }

  @Test
  void listening_outlasts_a_change_of_room_and_a_member_may_listen_to_its_own_room() {
    Guest speaker = server.guest();
    Guest guest = server.guest();
    assertThat(guest.ask("listenToRoom defaultRoom")).contains("OK");
    assertThat(guest.ask("listenToRoom defaultRoom"))
        .contains("you are already listening to this room")
        .doesNotContain("OK");
    guest.ask("roomChange attic");
    speaker.ask("say one");
    assertThat(guest.heard()).containsExactly("one");
    guest.ask("roomChange defaultRoom");
    guest.ask("silenceRoom defaultRoom");
    speaker.ask("say two");
    assertThat(guest.heard()).containsExactly("two");
    assertThat(guest.ask("silenceRoom defaultRoom")).contains("you are not listening to this room");
  }

  private RoomStatus status(String room) {
    var answer = chatRoom.socketRoomStatus(room).toCompletableFuture();
    server.settle();
    return answer.join();
  }
}
