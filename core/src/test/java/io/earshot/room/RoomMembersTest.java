package io.earshot.room;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.ChatRoom;
import io.earshot.Config;
import io.earshot.Transport;
import io.earshot.engine.EngineInside;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import io.earshot.protocol.PresentUser;
import io.earshot.protocol.RequestDecoder;
import io.earshot.protocol.RoomStatus;
import io.earshot.protocol.User;
import io.earshot.stats.Gauge;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
  void only_announcements_have_a_type() {
    var server = new TestServer();
    Guest here = server.guest();
    Guest mover = server.guest();
    mover.ask(
        "{\"event\":\"say\",\"message\":\"I have left the room\",\"type\":\"leave\","
            + "\"a\":\"leave\"}");
    mover.ask("{\"event\":\"say\",\"message\":{\"type\":\"leave\"}}");
    mover.ask("roomChange attic");
    assertThat(here.hear())
        .satisfiesExactly(
            welcome -> assertThat(welcome).contains("welcome").doesNotContain("\"type\""),
            joined -> assertThat(joined).contains("I have entered").endsWith(",\"type\":\"join\"}"),
            said -> assertThat(said).contains("I have left").doesNotContain("\"type\""),
            said -> assertThat(said).contains("{\"type\":\"leave\"}").endsWith("\"}"),
            left -> assertThat(left).contains("I have left").endsWith(",\"type\":\"leave\"}"));
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
  void the_list_of_members_is_made_once_after_each_change() {
    User ada = User.of("ada", null, Map.of());
    Guest first = server.guest(0, ada, Transport.TCP);
    Guest second = server.guest(0, ada, Transport.TCP);
    RoomStatus before = status("defaultRoom");
    first.ask("say hello");
    RoomStatus same = status("defaultRoom");
    assertThat(same.members()).isSameAs(before.members()).containsExactly(first.id(), second.id());
    assertThat(same.users()).containsExactly(new PresentUser(ada, before.members()));
    assertThat(same.cursor()).isNotEqualTo(before.cursor());
    Guest third = server.guest();
    assertThat(status("defaultRoom").members())
        .containsExactly(first.id(), second.id(), third.id());
    first.ask("roomChange attic");
    RoomStatus after = status("defaultRoom");
    assertThat(after.members()).containsExactly(second.id(), third.id());
    assertThat(after.users()).containsExactly(new PresentUser(ada, second.id()));
    User bob = User.of("bob", null, Map.of());
    var rooms = EngineInside.rooms(server.earshot);
    rooms.in(
        "defaultRoom",
        room -> room.identify(Objects.requireNonNull(room.roster().withId(third.id())), bob),
        () -> {});
    assertThat(status("defaultRoom").users()).extracting(PresentUser::user).contains(bob);
  }

  @Test
  void a_room_without_members_and_listeners_is_dropped() {
    Guest guest = server.guest();
    guest.ask("listenToRoom attic");
    guest.ask("roomChange cellar");
    assertThat(EngineInside.rooms(server.earshot).shards().getFirst().stats().get(Gauge.ROOMS))
        .isEqualTo(2);
    guest.ask("silenceRoom attic");
    guest.loop.run(guest.intake::gone);
    server.settle();
    assertThat(EngineInside.rooms(server.earshot).shards().getFirst().stats().get(Gauge.ROOMS))
        .isZero();
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

  @Test
  void the_members_of_a_large_room_are_encoded_while_its_loop_delivers_messages() {
    Guest asks = server.guest();
    List<Guest> others = IntStream.range(0, 250).mapToObj(_ -> server.guest()).toList();
    server.settle();
    asks.hear();
    asks.loop.run(
        () -> {
          asks.intake.handle(RequestDecoder.line("roomView"));
          asks.intake.handle(RequestDecoder.line("detailsView"));
          // The answer is not ready in this turn, however long it takes to encode.
          assertThat(asks.lines).isEmpty();
        });
    server.runUntil("both answers", () -> asks.lines.size() == 2);
    assertThat(asks.lines.getFirst())
        .contains("\"membersCount\":251", "\"messageCount\":1", others.getLast().id());
    assertThat(asks.lines.getLast()).contains("\"messageCount\":2");
  }

  @Test
  void pages_list_each_member_that_stays_once_while_others_join_and_leave() {
    Guest asks = server.guest();
    List<Guest> stays = Stream.generate(server::guest).limit(250).toList();
    var goes = new ArrayDeque<>(Stream.generate(server::guest).limit(10).toList());
    server.settle();
    var listed = new ArrayList<String>();
    Json.Obj page = page(asks, "\"limit\":40");
    while (true) {
      List<String> members = members(page);
      // The number of members of the whole room, in which one has joined for each that has left.
      assertThat(page.get("membersCount")).isEqualTo(Json.of(261));
      listed.addAll(members);
      if (page.get("next") == null) {
        break;
      }
      assertThat(members).hasSize(40);
      assertThat(page.get("next")).isEqualTo(Json.of(members.getLast()));
      Guest gone = goes.remove();
      gone.loop.run(gone.intake::gone);
      var _ = server.guest();
      page = page(asks, "\"limit\":40,\"after\":\"" + members.getLast() + "\"");
    }
    assertThat(listed).isSorted().doesNotHaveDuplicates().contains(asks.id());
    assertThat(listed).containsAll(stays.stream().map(Guest::id).toList());
  }

  @Test
  void a_page_begins_after_an_id_that_no_member_has_and_has_no_next_page_when_it_is_full() {
    Guest asks = server.guest();
    server.settle();
    Json.Obj full = page(asks, "\"limit\":1");
    assertThat(members(full)).containsExactly(asks.id());
    assertThat(full.fields()).doesNotContainKey("next");
    assertThat(members(page(asks, "\"after\":\"-\""))).containsExactly(asks.id());
    assertThat(members(page(asks, "\"after\":\"" + asks.id() + "\",\"limit\":null"))).isEmpty();
    Json.Obj past = page(asks, "\"after\":\"g\",\"limit\":\"1000\"");
    assertThat(past.fields())
        .containsEntry("members", new Json.Array(List.of()))
        .containsEntry("membersCount", Json.of(1))
        .doesNotContainKey("next");
    assertThat(asks.ask("{\"event\":\"roomView\",\"limit\":null,\"after\":null}"))
        .contains("\"roomStatus\":{\"room\":\"defaultRoom\",\"members\":[\"" + asks.id() + "\"]");
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "1001", "-1", "1.5", "1e2", "\"\"", "\"ten\"", "true", "[1]", "{}"})
  void a_limit_of_a_page_that_is_no_number_in_its_range_is_refused(String limit) {
    assertThat(server.guest().ask("{\"event\":\"roomView\",\"limit\":" + limit + "}"))
        .contains("\"error\":\"Error: limit must be a number from 1 to 1000\"")
        .contains("\"messageCount\":1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "\"\"", "\"k3f9:17\"", "\"a b\"", "false", "[\"a\"]", "{}"})
  void an_after_of_a_page_that_cannot_be_an_id_is_refused(String after) {
    assertThat(server.guest().ask("{\"event\":\"roomView\",\"after\":" + after + "}"))
        .contains("\"error\":\"Error: after must be a member's id\"")
        .contains("\"messageCount\":1");
  }

  /** The answer to a request for a page, which is selected on another thread. */
  private Json.Obj page(Guest asks, String params) {
    asks.hear();
    asks.send("{\"event\":\"roomView\"," + params + "}");
    server.runUntil("a page", () -> !asks.lines.isEmpty());
    String answer = asks.hear().getLast();
    return ((Json.Obj) Objects.requireNonNull(((Json.Obj) parsed(answer)).get("roomStatus")));
  }

  private static Json parsed(String json) {
    try {
      return Json.parse(json);
    } catch (MalformedJsonException e) {
      throw new AssertionError(json, e);
    }
  }

  private static List<String> members(Json.Obj page) {
    assertThat(page.get("members")).isInstanceOf(Json.Array.class);
    return ((Json.Array) Objects.requireNonNull(page.get("members")))
        .items().stream().map(Json::asText).map(Objects::requireNonNull).toList();
  }

  private RoomStatus status(String room) {
    var answer = chatRoom.socketRoomStatus(room).toCompletableFuture();
    server.settle();
    return answer.join();
  }
}
