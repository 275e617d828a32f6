package io.earshot.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Config;
import io.earshot.Transport;
import io.earshot.engine.EngineInside;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Excerpt;
import io.earshot.protocol.Json;
import io.earshot.room.Room;
import io.earshot.spi.Visitor;
import io.earshot.testing.ManualLoop;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Reading a room, waiting for it, and speaking in it, without being in it. */
final class RoomReadersTest {
  private static final String ROOM = "defaultRoom";
  private static final String POSTER = "9".repeat(40);

  private TestServer server = new TestServer(2, config());
  private Guest speaker = server.guest();

  private static Config config() {
    return TestServer.quiet()
        .with("rooms.historyMessages", 5)
        .with("rooms.historyAge", "60s")
        .with("rooms.rules", "none.* historyMessages=0");
  }

  private void restart(Config config) {
    server = new TestServer(2, config);
    speaker = server.guest();
  }

  private void say(int from, int to) {
    IntStream.rangeClosed(from, to).forEach(i -> speaker.ask("say " + i));
  }

  private Excerpt read(String room, @Nullable Cursor after, int limit) {
    return settled(server.earshot.read(room, after, limit, 0));
  }

  private CompletableFuture<Excerpt> poll(String room, @Nullable Cursor after) {
    CompletableFuture<Excerpt> poll = server.earshot.read(room, after, 100, 10_000);
    server.settle();
    return poll;
  }

  private <T> T settled(CompletableFuture<T> future) {
    server.settle();
    assertThat(future).isDone();
    return future.join();
  }

  private Cursor post(String room, String text, String namer, @Nullable Json messageId) {
    return settled(
        server.earshot.say(
            new Visitor(POSTER, "defaultRoom", new InetSocketAddress(0)),
            room,
            null,
            Json.of(text),
            null,
            namer,
            messageId));
  }

  private Cursor post(String room, String text) {
    return post(room, text, POSTER, null);
  }

  private static List<String> texts(Excerpt excerpt) {
    return TestServer.texts(
        excerpt.messages().stream().map(json -> new String(json, StandardCharsets.UTF_8)).toList());
  }

  private @Nullable Room room(String name) {
    return EngineInside.rooms(server.earshot).shard(name).roomIfAny(name);
  }

  private Cursor end(String room) {
    Cursor end = read(room, null, 1).next();
    assertThat(end).isNotNull();
    return end;
  }

  // --- reading ---------------------------------------------------------------------------------

  @Test
  void without_a_cursor_the_newest_are_read_and_one_goes_on_from_there() {
    say(1, 7);
    Excerpt all = read(ROOM, null, 100);
    assertThat(texts(all)).containsExactly("3", "4", "5", "6", "7");
    assertThat(all.recovered()).isNull();
    assertThat(texts(read(ROOM, null, 2))).containsExactly("6", "7");
    say(8, 8);
    Excerpt more = read(ROOM, all.next(), 100);
    assertThat(texts(more)).containsExactly("8");
    assertThat(more.recovered()).isTrue();
    assertThat(texts(read(ROOM, more.next(), 100))).isEmpty();
  }

  @Test
  void page_after_page_everything_is_read_once() {
    Cursor at = end(ROOM);
    say(1, 5);
    var read = new ArrayList<String>();
    for (int i = 0; i < 3; i++) {
      Excerpt page = read(ROOM, at, 2);
      assertThat(page.recovered()).isTrue();
      read.addAll(texts(page));
      at = page.next();
    }
    assertThat(read).containsExactly("1", "2", "3", "4", "5");
    assertThat(at).isEqualTo(end(ROOM));
  }

  @Test
  void an_answer_is_no_longer_than_it_may_be_and_a_single_message_is_read_all_the_same() {
    restart(
        config()
            .with("limits.answerBytes", 1024)
            .with("rooms.historyMessages", 20)
            .with("rooms.historyBytes", 20_000));
    Cursor at = end(ROOM);
    say(1, 9);
    Excerpt page = read(ROOM, at, 100);
    assertThat(page.messages()).hasSizeBetween(2, 8);
    assertThat(page.encode()).hasSizeLessThan(1024);
    assertThat(texts(read(ROOM, page.next(), 1)))
        .containsExactly("" + (page.messages().size() + 1));
    assertThat(texts(read(ROOM, null, 100))).endsWith("9").hasSizeLessThan(9);
    Cursor last = end(ROOM);
    speaker.ask("say " + "x".repeat(2000));
    assertThat(read(ROOM, last, 100).messages()).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource({"other,1", "EPOCH,99", "EPOCH,999999999999999999", "EPOCH,1"})
  void cursors_that_lead_nowhere_recover_nothing_and_are_answered_at_once(
      String epoch, long offset) {
    say(1, 9);
    Cursor end = end(ROOM);
    var cursor = new Cursor(epoch.replace("EPOCH", end.epoch()), offset);
    Excerpt excerpt = settled(poll(ROOM, cursor));
    assertThat(excerpt.recovered()).isFalse();
    assertThat(excerpt.messages()).isEmpty();
    assertThat(excerpt.next()).isEqualTo(end);
  }

  @Test
  void a_room_that_nobody_knows_has_nothing_to_go_on_from() {
    Excerpt excerpt = read("nowhere", null, 100);
    assertThat(excerpt.messages()).isEmpty();
    assertThat(excerpt.next()).isNull();
    assertThat(read("nowhere", new Cursor("e", 1), 100).recovered()).isFalse();
    assertThat(room("nowhere")).isNull();
  }

  @Test
  void what_is_for_some_only_is_read_by_none_and_waited_for_by_none() {
    Cursor at = end(ROOM);
    CompletableFuture<Excerpt> poll = poll(ROOM, at);
    speaker.ask("paramAdd roomMatchKey=auth");
    speaker.ask("paramAdd roomMatchValue=true");
    speaker.ask("say secret");
    assertThat(poll).isNotDone();
    assertThat(texts(read(ROOM, at, 100))).isEmpty();
    speaker.ask("paramsDelete");
    speaker.ask("say open");
    assertThat(texts(settled(poll))).containsExactly("open");
    assertThat(texts(read(ROOM, at, 100))).containsExactly("open");
    assertThat(texts(read(ROOM, null, 100))).containsExactly("open");
  }

  // --- waiting ---------------------------------------------------------------------------------

  @Test
  void who_waits_is_told_the_first_message_that_comes_and_goes_on_from_it() {
    Cursor at = end(ROOM);
    CompletableFuture<Excerpt> poll = poll(ROOM, at);
    CompletableFuture<Excerpt> other = poll(ROOM, null);
    assertThat(poll).isNotDone();
    say(1, 2);
    assertThat(texts(settled(poll))).containsExactly("1");
    assertThat(poll.join().recovered()).isTrue();
    assertThat(texts(settled(other))).containsExactly("1");
    assertThat(other.join().recovered()).isNull();
    assertThat(texts(settled(poll(ROOM, poll.join().next())))).containsExactly("2");
    assertThat(server.earshot.waitingPolls()).isZero();
  }

  @Test
  void who_waits_in_vain_is_told_so_in_time_and_never_later_than_after_25_s() {
    CompletableFuture<Excerpt> poll = poll(ROOM, end(ROOM));
    CompletableFuture<Excerpt> patient = server.earshot.read(ROOM, null, 1, Integer.MAX_VALUE);
    server.settle();
    server.pass(Duration.ofMillis(9_999));
    assertThat(poll).isNotDone();
    server.pass(Duration.ofMillis(1));
    assertThat(settled(poll).messages()).isEmpty();
    assertThat(poll.join().next()).isEqualTo(end(ROOM));
    assertThat(poll.join().recovered()).isTrue();
    server.pass(Duration.ofMillis(14_999));
    assertThat(patient).isNotDone();
    server.pass(Duration.ofMillis(1));
    assertThat(settled(patient).messages()).isEmpty();
    assertThat(server.earshot.waitingPolls()).isZero();
  }

  @Test
  void one_may_wait_for_a_room_that_is_not_there_yet_and_leaves_nothing_behind() {
    CompletableFuture<Excerpt> poll = poll("nowhere", null);
    assertThat(room("nowhere")).isNotNull();
    server.pass(Duration.ofSeconds(10));
    assertThat(settled(poll).next()).isNull();
    assertThat(room("nowhere")).isNull();
    CompletableFuture<Excerpt> again = poll("nowhere", null);
    post("nowhere", "here I am");
    assertThat(texts(settled(again))).containsExactly("here I am");
    assertThat(again.join().next()).isEqualTo(end("nowhere"));
  }

  @Test
  void a_room_that_remembers_nothing_can_be_waited_for() {
    speaker.ask("roomChange none.at.all");
    say(1, 1);
    CompletableFuture<Excerpt> poll = poll("none.at.all", end("none.at.all"));
    say(2, 2);
    assertThat(texts(settled(poll))).containsExactly("2");
    assertThat(read("none.at.all", new Cursor(end("none.at.all").epoch(), 1), 9).recovered())
        .isFalse();
  }

  @Test
  void a_room_is_not_forgotten_while_somebody_waits_for_it() {
    post("attic", "old");
    server.pass(Duration.ofSeconds(55));
    CompletableFuture<Excerpt> poll = poll("attic", end("attic"));
    server.pass(Duration.ofSeconds(9));
    assertThat(poll).isNotDone();
    assertThat(texts(read("attic", null, 1))).isEmpty(); // it has grown too old
    post("attic", "new");
    assertThat(settled(poll).recovered()).isTrue();
    assertThat(texts(poll.join())).containsExactly("new");
    server.pass(Duration.ofMinutes(5));
    assertThat(room("attic")).isNull();
  }

  @Test
  void who_wants_it_no_longer_leaves_nothing_behind() {
    int timers = server.loops.stream().mapToInt(ManualLoop::timers).sum();
    for (int i = 0; i < 1_000; i++) {
      poll("room" + i % 7, null).cancel(true);
      server.settle();
    }
    assertThat(server.earshot.waitingPolls()).isZero();
    assertThat(IntStream.range(0, 7).mapToObj(i -> room("room" + i))).containsOnlyNulls();
    assertThat(server.loops.stream().mapToInt(ManualLoop::timers).sum()).isLessThan(timers + 5);
    server.pass(Duration.ofSeconds(30));
    CompletableFuture<Excerpt> poll = poll(ROOM, null);
    server.pass(Duration.ofSeconds(10));
    assertThat(poll).isDone();
  }

  @Test
  void many_who_wait_for_different_times_are_each_told_in_theirs() {
    List<CompletableFuture<Excerpt>> polls =
        IntStream.rangeClosed(1, 20)
            .mapToObj(i -> server.earshot.read(ROOM, null, 1, 21_000 - 1_000 * i))
            .toList();
    server.settle();
    for (int i = 19; i >= 0; i--) {
      assertThat(polls.get(i)).isNotDone();
      server.pass(Duration.ofSeconds(1));
      assertThat(polls.get(i)).isDone();
    }
  }

  @Test
  void no_more_may_wait_than_the_limit_says() {
    restart(config().with("limits.waitingPolls", 2));
    List<CompletableFuture<Excerpt>> polls =
        List.of(poll(ROOM, null), poll("attic", null), poll("cellar", null));
    assertThatThrownBy(() -> settled(polls.getLast()))
        .hasCauseInstanceOf(RejectedExecutionException.class);
    assertThat(room("cellar")).isNull();
    say(1, 1);
    assertThat(polls.getFirst()).isDone();
    assertThat(poll("cellar", null)).isNotDone();
  }

  @Test
  void nobody_waits_for_a_server_that_stops() {
    CompletableFuture<Excerpt> poll = poll(ROOM, null);
    server.earshot.dismissAll();
    assertThat(settled(poll).messages()).isEmpty();
    assertThat(settled(poll("attic", null)).messages()).isEmpty();
    assertThat(server.earshot.waitingPolls()).isZero();
    assertThat(room("attic")).isNull();
  }

  // --- speaking --------------------------------------------------------------------------------

  @Test
  void what_a_bystander_says_is_heard_by_all_who_are_there_and_remembered() {
    Guest guest = server.guest();
    guest.hear();
    Cursor place = post(ROOM, "hello");
    assertThat(guest.hear()).singleElement().asString().contains("hello", POSTER);
    assertThat(place).isEqualTo(end(ROOM));
    assertThat(texts(read(ROOM, null, 1))).containsExactly("hello");
  }

  @Test
  void what_is_said_where_nobody_is_is_remembered_for_a_while_and_in_no_more_rooms_than_may_be() {
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
  void a_say_keeps_an_empty_room_for_as_long_as_it_is_remembered() {
    post("attic", "one");
    server.pass(Duration.ofSeconds(50));
    post("attic", "two");
    server.pass(Duration.ofSeconds(50));
    assertThat(texts(read("attic", null, 9))).containsExactly("two");
  }

  @Test
  void a_say_under_the_same_message_id_is_told_once_and_answered_as_the_first() {
    Cursor first = post(ROOM, "hello", POSTER, Json.of("m1"));
    assertThat(post(ROOM, "hello", POSTER, Json.of("m1"))).isEqualTo(first);
    assertThat(post(ROOM, "hello", "", Json.of("m1"))).isNotEqualTo(first);
    assertThat(texts(read(ROOM, null, 9))).containsExactly("hello", "hello");
    Cursor lonely = post("attic", "hello", "", Json.of("m1"));
    assertThat(post("attic", "hello", "", Json.of("m1"))).isEqualTo(lonely);
  }

  // --- being in a room from the start ----------------------------------------------------------

  private Guest visitor(String room, @Nullable Cursor after, Transport transport) {
    Guest guest = server.new Guest(server.loops.get(1), TestServer.Lines.TWO);
    guest.loop.run(
        () ->
            guest.intake =
                server.earshot.connect(
                    guest.loop, guest, guest.wire, transport, room, after, null));
    server.settle();
    return guest;
  }

  @Test
  void
      who_comes_into_a_room_with_a_cursor_is_welcomed_then_told_what_was_missed_then_what_is_new() {
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
  void a_stream_that_is_lost_is_not_waited_for_since_it_cannot_ask_to_come_back() {
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
