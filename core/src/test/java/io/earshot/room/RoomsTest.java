package io.earshot.room;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.ChatRoom;
import io.earshot.Config;
import io.earshot.StandIn;
import io.earshot.engine.EngineInside;
import io.earshot.protocol.Json;
import io.earshot.protocol.RoomStatus;
import io.earshot.spi.Ending;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class RoomsTest {
  private final TestServer server = new TestServer(1, TestServer.quiet());
  private final ChatRoom chatRoom = server.earshot.api().chatRoom();

  @Test
  void a_message_reaches_all_others_in_the_room_and_its_listeners_once_and_never_the_speaker() {
    Guest speaker = server.guest();
    Guest member = server.guest();
    Guest listener = server.guest();
    listener.ask("roomChange attic");
    listener.ask("listenToRoom defaultRoom");
    Guest both = server.guest();
    both.ask("listenToRoom defaultRoom");
    Guest peers = server.guest();
    peers.ask("roomChange cellar");
    Stream.of(member, listener, both, peers).forEach(Guest::hear);

    assertThat(speaker.ask("say hello")).contains("\"status\":\"OK\"");

    assertThat(speaker.heard()).isEmpty();
    assertThat(member.hear())
        .containsExactly(
            "{\"message\":\"hello\",\"room\":\"defaultRoom\",\"from\":\""
                + speaker.id()
                + "\",\"context\":\"user\",\"sentAt\":1357000000000,\"offset\":1,\"epoch\":\""
                + EngineInside.rooms(server.earshot)
                    .shard("defaultRoom")
                    .room("defaultRoom")
                    .cursor()
                    .epoch()
                + "\"}");
    assertThat(listener.heard()).containsExactly("hello");
    assertThat(both.heard()).containsExactly("hello");
    assertThat(peers.heard()).isEmpty();
  }

  @Test
  void what_a_room_says_in_one_turn_is_one_write_for_each_hearer() {
    Guest one = server.guest();
    Guest two = server.guest();
    Guest subscriber = server.guest();
    server.settle();
    subscriber.writes = 0;
    one.send("say a");
    two.send("say b");
    one.send("say c");
    server.settle();
    assertThat(subscriber.writes).isEqualTo(1);
    assertThat(subscriber.heard()).containsExactly("a", "b", "c");
    assertThat(one.heard()).containsExactly("b");
    assertThat(two.heard()).containsExactly("a", "c");
  }

  @Test
  void
      who_comes_in_the_middle_of_a_turn_hears_what_follows_and_who_leaves_hears_what_went_before() {
    Guest speaker = server.guest();
    Guest leaver = server.guest();
    Guest comer = server.guest();
    comer.ask("roomChange attic");
    Stream.of(leaver, comer).forEach(Guest::hear);
    speaker.send("say before");
    comer.send("roomChange defaultRoom");
    leaver.send("roomChange attic");
    speaker.send("say after");
    server.settle();
    assertThat(leaver.heard()).containsExactly("before");
    assertThat(comer.heard()).containsExactly("after");
  }

  @Test
  void a_batch_that_grew_long_goes_early_and_nothing_is_lost_or_told_twice() {
    Guest speaker = server.guest();
    Guest subscriber = server.guest();
    subscriber.hear();
    String text = "x".repeat(1000);
    IntStream.range(0, 200).forEach(i -> speaker.send("say " + i + text));
    assertThat(subscriber.writes).isGreaterThan(1);
    assertThat(subscriber.heard())
        .isEqualTo(IntStream.range(0, 200).mapToObj(i -> i + text).toList());
    assertThat(speaker.heard()).isEmpty();
  }

  @Test
  void coming_and_going_is_announced_to_the_rooms_concerned_and_not_to_the_mover() {
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
  void announcements_go_to_all_whatever_the_movers_params_aim_at() {
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
  void rooms_above_the_size_set_hear_no_announcements() {
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
  void members_are_listed_in_the_order_of_joining_and_listeners_are_not() {
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
  void a_room_is_gone_when_nobody_hears_it() {
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
  void listening_outlasts_a_change_of_room_and_one_may_listen_to_ones_own() {
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

  @Test
  void a_say_reaches_only_those_whom_the_senders_params_aim_at_while_they_are_set() {
    Guest speaker = server.guest();
    Guest friend = server.guest();
    Guest stranger = server.guest();
    Guest friendElsewhere = server.guest();
    friendElsewhere.ask("roomChange attic");
    friendElsewhere.ask("listenToRoom defaultRoom");
    friend.connection().set("auth", "true");
    friendElsewhere.connection().set("auth", "true");
    stranger.ask("paramAdd auth=true"); // what one says of oneself is no attribute
    speaker.ask("paramAdd roomMatchKey=auth");
    speaker.ask("paramAdd roomMatchValue=true");
    speaker.ask("say secret");
    speaker.ask("paramAdd roomMatchKey=id");
    speaker.ask("paramAdd roomMatchValue=" + stranger.id());
    speaker.ask("say psst");
    speaker.ask("paramsDelete");
    speaker.ask("say hello");
    assertThat(friend.heard()).containsExactly("secret", "hello");
    assertThat(friendElsewhere.heard()).containsExactly("secret", "hello");
    assertThat(stranger.heard()).containsExactly("psst", "hello");
  }

  @Test
  void an_audience_in_the_middle_of_a_turn_takes_nothing_from_the_others() {
    Guest speaker = server.guest();
    Guest one = server.guest();
    Guest two = server.guest();
    Stream.of(one, two).forEach(Guest::hear);
    speaker.send("say a");
    speaker.send(
        "{\"event\":\"say\",\"message\":\"b\",\"roomMatchKey\":\"id\",\"roomMatchValue\":\""
            + one.id()
            + "\"}");
    two.send("say c");
    speaker.send("say d");
    server.settle();
    assertThat(one.heard()).containsExactly("a", "b", "c", "d");
    assertThat(two.heard()).containsExactly("a", "d");
    assertThat(speaker.heard()).containsExactly("c");
  }

  @Test
  void a_key_without_a_value_or_one_that_nobody_has_reaches_nobody() {
    Guest speaker = server.guest();
    Guest subscriber = server.guest();
    for (String key :
        List.of("auth", "type", "__proto__", "constructor", "class", "remoteAddress")) {
      speaker.ask("paramAdd roomMatchKey=" + key);
      speaker.ask("say no value");
      speaker.ask("paramAdd roomMatchValue=undefined");
      speaker.ask("say no such attribute");
      speaker.ask("paramDelete roomMatchValue");
    }
    speaker.ask("paramDelete roomMatchKey");
    speaker.ask("paramAdd roomMatchValue=x");
    speaker.ask("say value alone is no filter");
    assertThat(subscriber.heard()).containsExactly("value alone is no filter");
  }

  @Test
  void a_broadcast_from_null_is_from_the_server_to_everybody_in_the_default_room() {
    Guest guest = server.guest();
    Guest peers = server.guest();
    peers.ask("roomChange attic");
    guest.hear();
    chatRoom.socketRoomBroadcast(null, "hello");
    assertThat(guest.hear())
        .singleElement()
        .asString()
        .contains("\"from\":\"Earshot\"", "\"message\":\"hello\"");
    assertThat(peers.heard()).isEmpty();
  }

  @Test
  void a_broadcast_from_a_connection_is_like_its_own_say() {
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
  void a_stand_in_speaks_under_its_id_and_leaves_out_none_but_a_member_of_that_id() {
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
  void what_no_message_is_and_what_no_room_is_are_errors() {
    assertThatThrownBy(() -> chatRoom.socketRoomBroadcast(null, null))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> chatRoom.socketRoomBroadcast(null, new Object()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> chatRoom.socketRoomBroadcast(StandIn.in("a\nb"), "x"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(chatRoom.socketRoomStatus(null).toCompletableFuture()).isCompletedExceptionally();
    assertThat(chatRoom.socketRoomStatus("").toCompletableFuture()).isCompletedExceptionally();
  }

  @Test
  void a_client_that_does_not_read_is_cut_off_alone_even_in_the_middle_of_a_flush() {
    Guest speaker = server.guest();
    List<Guest> subscribers = Stream.generate(server::guest).limit(5).toList();
    subscribers.forEach(Guest::hear);
    subscribers.get(2).pending = EngineInside.config(server.earshot).limits().outboundBytes() + 1;
    speaker.ask("say one");
    speaker.ask("say two");
    assertThat(subscribers.get(2).finished).isTrue();
    assertThat(subscribers.get(2).hear())
        .satisfiesExactly(
            line -> assertThat(line).contains("\"message\":\"one\""),
            line -> assertThat(line).contains("Bye!", "resume from your cursor"),
            line -> assertThat(line).isEqualTo("end " + Ending.BEHIND.code()));
    for (int i : new int[] {0, 1, 3, 4}) {
      assertThat(subscribers.get(i).heard()).containsExactly("one", "two");
    }
    assertThat(status("defaultRoom").membersCount()).isEqualTo(5);
  }

  @Test
  void everybody_is_told_when_the_server_stops() {
    Guest guest = server.guest();
    guest.hear();
    server.earshot.dismissAll();
    assertThat(guest.hear())
        .satisfiesExactly(
            bye ->
                assertThat(bye)
                    .matches(
                        "\\{\"status\":\"Bye!\",\"context\":\"response\",\"reason\":\"server"
                            + " shutdown\",\"reconnectAfter\":\\d{1,4}}"),
            end -> assertThat(end).isEqualTo("end " + Ending.SHUTDOWN.code()));
    assertThat(guest.finished).isTrue();
  }

  @Test
  void connections_are_found_by_id_until_they_are_gone() {
    Guest guest = server.guest();
    String id = guest.id();
    assertThat(server.earshot.api().connection(id)).contains(guest.connection());
    assertThat(server.earshot.api().connections()).hasSize(1);
    guest.connection().close("enough");
    assertThat(guest.hear()).anyMatch(line -> line.contains("\"reason\":\"enough\""));
    assertThat(server.earshot.api().connection(id)).isEmpty();
  }

  private RoomStatus status(String room) {
    var answer = chatRoom.socketRoomStatus(room).toCompletableFuture();
    server.settle();
    return answer.join();
  }
}
