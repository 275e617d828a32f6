package io.earshot.feed.log;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Feed;
import io.earshot.FeedEvent;
import io.earshot.FeedEvent.Type;
import io.earshot.disk.Disk;
import io.earshot.disk.Segment;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.RoomMessage;
import io.earshot.testing.ManualLoop;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Events wait in files. A kill is a copy of the files at that moment. */
class LocalStoreTest {
  private static final int CHUNK = 8 << 10;
  private static final byte[] ROOM = "attic".getBytes(UTF_8);

  @TempDir Path temp;
  private Path folder;
  private int copies;
  private List<ManualLoop> loops = List.of();
  private long elapsed;
  private boolean isFull;
  private final List<String> troubles = new ArrayList<>();
  private final List<LocalStore> stores = new ArrayList<>();
  private LocalStore store;

  @BeforeEach
  void open() throws IOException {
    folder = temp.resolve("feed");
    store = start(folder, 2, 1 << 20);
  }

  @AfterEach
  void close() {
    stores.forEach(LocalStore::close);
  }

  private LocalStore start(Path in, int count, long limit) throws IOException {
    loops = IntStream.range(0, count).mapToObj(i -> new ManualLoop()).toList();
    var disk =
        new Disk(
            CHUNK,
            "here",
            Runnable::run,
            file -> {
              if (isFull) {
                throw new IOException("No space left on device");
              }
            });
    var started =
        new LocalStore(
            limit, loops, disk, () -> elapsed, (name, what) -> troubles.add(name + ": " + what));
    stores.add(started);
    started.open("feed.folder", in, true);
    return started;
  }

  /** Copies the files, as a kill would leave them now. */
  private Path kill() throws IOException {
    Path copy = Files.createDirectory(temp.resolve("copy" + copies++));
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(each -> !each.endsWith("lock")).toList()) {
        Files.copy(file, copy.resolve(file.getFileName()));
      }
    }
    return copy;
  }

  private List<Path> logs(Path in) throws IOException {
    try (Stream<Path> files = Files.list(in)) {
      return files.filter(each -> each.toString().endsWith(".log")).sorted().toList();
    }
  }

  private static Feed.Consumer consumer(String name, int most) {
    return new Feed.Consumer(name, EnumSet.allOf(Type.class), List.of("*"), most);
  }

  /** Tells the messages from one number to another, on the loop with an index. */
  private void tell(int loop, int from, int to) {
    Sink sink = store.sink(loop);
    for (int i = from; i <= to; i++) {
      byte[] json =
          new RoomMessage(Json.of("m" + i), "attic", Json.of("ada"), 7, new Cursor("e" + loop, i))
              .encode();
      loops.get(loop).run(() -> sink.message("attic", ROOM, null, json));
    }
  }

  private static List<String> texts(List<FeedEvent> events) {
    return events.stream()
        .map(each -> String.valueOf(Objects.requireNonNull(each.data().get("message")).asText()))
        .toList();
  }

  private static List<String> texts(int from, int to) {
    return IntStream.rangeClosed(from, to).mapToObj(i -> "m" + i).toList();
  }

  /** Deals with the next events up to a number of them, or up to the end of a log that is over. */
  private static List<String> deal(Source source, int most) throws InterruptedException {
    var all = new ArrayList<String>();
    while (all.size() < most) {
      List<FeedEvent> events = source.next();
      if (events == null) {
        break;
      }
      all.addAll(texts(events));
      source.done();
    }
    return all;
  }

  @Test
  void events_that_are_not_dealt_with_are_told_after_a_kill_and_before_those_of_the_new_run()
      throws Exception {
    List<List<Source>> groups = store.add(consumer("one", 10));
    assertThat(groups).hasSize(1);
    tell(0, 1, 300);
    tell(1, 1, 40);
    Source first = groups.getFirst().getFirst();
    int dealt = deal(first, 250).size(); // a batch ends with a file
    List<String> begun = texts(Objects.requireNonNull(first.next()));
    assertThat(begun).isEqualTo(texts(dealt + 1, dealt + begun.size()));
    elapsed += 1_000;
    store.remove(consumer("one", 10)); // writes what was dealt with
    Path left = kill();
    store = start(left, 3, 1 << 20); // with another number of loops
    List<List<Source>> again = store.add(consumer("one", 10));
    tell(0, 1, 5);
    assertThat(again).hasSize(2);
    assertThat(deal(again.getFirst().getFirst(), 1_000)).isEqualTo(texts(dealt + 1, 300));
    assertThat(deal(again.getFirst().getLast(), 1_000)).isEqualTo(texts(1, 40));
    assertThat(again.getLast()).hasSize(3);
    assertThat(again.getLast().getFirst().waiting()).isEqualTo(5);
    assertThat(deal(again.getLast().getFirst(), 5)).isEqualTo(texts(1, 5));
    assertThat(logs(left)).allMatch(file -> file.getFileName().toString().startsWith("run2-"));
    assertThat(troubles).isEmpty();
  }

  @Test
  void the_events_of_each_run_are_told_before_those_of_the_next() throws Exception {
    store.add(consumer("one", 1_000));
    tell(0, 1, 10);
    folder = kill();
    store = start(folder, 1, 1 << 20);
    store.add(consumer("one", 1_000));
    tell(0, 11, 20);
    folder = kill();
    store = start(folder, 2, 1 << 20);
    List<List<Source>> groups = store.add(consumer("one", 1_000));
    tell(0, 21, 30);
    assertThat(groups).hasSize(3);
    assertThat(deal(groups.get(0).getFirst(), 1_000)).isEqualTo(texts(1, 10));
    assertThat(deal(groups.get(1).getFirst(), 1_000)).isEqualTo(texts(11, 20));
    assertThat(deal(groups.get(2).getFirst(), 10)).isEqualTo(texts(21, 30));
  }

  @Test
  void what_was_dealt_with_is_written_at_most_ten_times_a_second_and_repeated_after_a_kill()
      throws Exception {
    Source source = store.add(consumer("one", 10)).getFirst().getFirst();
    tell(0, 1, 40);
    elapsed += 100;
    assertThat(deal(source, 10)).hasSize(10); // written
    elapsed += 99;
    assertThat(deal(source, 10)).hasSize(10); // not written
    Path left = kill();
    store = start(left, 2, 1 << 20);
    assertThat(deal(store.add(consumer("one", 10)).getFirst().getFirst(), 1_000))
        .isEqualTo(texts(11, 40));
  }

  @Test
  void a_new_consumer_is_told_nothing_of_the_past_and_each_has_a_place_of_its_own()
      throws Exception {
    Source one = store.add(consumer("one", 1_000)).getFirst().getFirst();
    tell(0, 1, 100);
    Source two = store.add(consumer("two", 1_000)).getFirst().getFirst();
    tell(0, 101, 200);
    assertThat(one.waiting()).isEqualTo(200);
    assertThat(two.waiting()).isEqualTo(100);
    assertThat(deal(two, 100)).isEqualTo(texts(101, 200));
    long files = logs(folder).size();
    assertThat(deal(one, 200)).isEqualTo(texts(1, 200));
    assertThat(logs(folder)).hasSizeLessThan((int) files); // what all have dealt with is deleted
  }

  @ParameterizedTest
  @ValueSource(strings = {"length", "body", "nothing"})
  void a_torn_record_at_the_end_is_left_out(String torn) throws Exception {
    store.add(consumer("one", 1_000));
    tell(0, 1, 20);
    Path left = kill();
    Path log = logs(left).getFirst();
    byte[] bytes = Files.readAllBytes(log);
    ByteBuffer in = ByteBuffer.wrap(bytes);
    int at = Segment.START;
    for (int i = 0; i < 19; i++) {
      at = Segment.next(at, in.getInt(at) ^ Segment.IS_THERE);
    }
    switch (torn) {
      case "length" -> in.putInt(at, Segment.IS_THERE | 1 << 29);
      case "body" -> bytes[at + Segment.HEAD + 32] ^= 1; // m20 becomes m21
      default -> in.putInt(at, 0); // the process was killed before the record was whole
    }
    Files.write(log, bytes);
    store = start(left, 2, 1 << 20);
    List<List<Source>> groups = store.add(consumer("one", 1_000));
    assertThat(deal(groups.getFirst().getFirst(), 1_000)).isEqualTo(texts(1, 19));
    tell(0, 21, 22);
    assertThat(deal(groups.getLast().getFirst(), 2)).isEqualTo(texts(21, 22));
  }

  @Test
  void a_file_that_was_being_created_is_no_obstacle() throws Exception {
    store.add(consumer("one", 1_000));
    tell(0, 1, 20);
    Path left = kill();
    Files.write(left.resolve("run1-part0-900.log"), new byte[0]);
    Files.write(left.resolve("run1-part0-901.log"), new byte[4096]);
    Files.writeString(left.resolve("consumer-one~"), "half");
    store = start(left, 2, 1 << 20);
    List<List<Source>> groups = store.add(consumer("one", 1_000));
    assertThat(deal(groups.getFirst().getFirst(), 1_000)).isEqualTo(texts(1, 20));
  }

  @Test
  void a_consumer_whose_file_is_damaged_is_told_everything_that_is_there() throws Exception {
    Source source = store.add(consumer("one", 10)).getFirst().getFirst();
    tell(0, 1, 20);
    elapsed += 1_000;
    assertThat(deal(source, 10)).hasSize(10);
    Path left = kill();
    Files.writeString(left.resolve("consumer-one"), "earshot-f");
    store = start(left, 2, 1 << 20);
    List<List<Source>> groups = store.add(consumer("one", 1_000));
    assertThat(deal(groups.getFirst().getFirst(), 1_000)).isEqualTo(texts(1, 20));
  }

  @Test
  void beyond_the_limit_the_oldest_events_are_dropped_counted_and_reported() throws Exception {
    store = start(temp.resolve("small"), 1, 10 * CHUNK);
    List<List<Source>> groups = store.add(consumer("one", 100));
    store.add(consumer("gone", 100));
    store.remove(consumer("gone", 100));
    Source source = groups.getFirst().getFirst();
    assertThat(texts(oneAfter(source))).isEqualTo(texts(1, 1));
    int count = 2_000;
    tell(0, 2, count);
    long size = 0;
    for (Path file : logs(temp.resolve("small"))) {
      size += Files.size(file);
    }
    assertThat(size).isLessThanOrEqualTo(10 * CHUNK);
    long waiting = source.waiting();
    List<String> rest = deal(source, (int) waiting);
    assertThat(rest).isEqualTo(texts(count - rest.size() + 1, count));
    assertThat(store.dropped()).isEqualTo(count - rest.size());
    assertThat(troubles).isNotEmpty().allMatch(each -> each.contains("feed.bytes"));
  }

  private List<FeedEvent> oneAfter(Source source) throws InterruptedException {
    tell(0, 1, 1);
    return Objects.requireNonNull(source.next());
  }

  private void tellLong(int length) {
    byte[] json =
        new RoomMessage(Json.of("x".repeat(length)), "attic", Json.of("ada"), 7, new Cursor("e", 1))
            .encode();
    loops.getFirst().run(() -> store.sink(0).message("attic", ROOM, null, json));
  }

  @Test
  void an_event_that_is_longer_than_a_file_has_one_of_its_own() throws Exception {
    Source source = store.add(consumer("one", 100)).getFirst().getFirst();
    tell(0, 1, 2);
    tellLong(5 * CHUNK);
    tellLong(CHUNK);
    tell(0, 3, 4);
    List<String> all = List.of("m1", "m2", "x".repeat(5 * CHUNK), "x".repeat(CHUNK), "m3", "m4");
    Path left = kill();
    assertThat(deal(source, 6)).isEqualTo(all);
    tell(0, 5, 200);
    assertThat(deal(source, 196)).isEqualTo(texts(5, 200));
    assertThat(troubles).isEmpty();
    store = start(left, 2, 1 << 20);
    assertThat(deal(store.add(consumer("one", 1_000)).getFirst().getFirst(), 1_000)).isEqualTo(all);
    assertThat(store.dropped()).isZero();
  }

  @Test
  void an_event_that_is_longer_than_all_that_may_wait_is_dropped_and_reported() throws Exception {
    Source source = store.add(consumer("one", 100)).getFirst().getFirst();
    tellLong(1 << 20);
    tell(0, 1, 1);
    assertThat(deal(source, 1)).isEqualTo(texts(1, 1));
    assertThat(store.dropped()).isEqualTo(1);
    assertThat(troubles).singleElement().asString().contains("longer than feed.bytes");
  }

  @Test
  void the_name_of_a_consumer_may_end_like_that_of_a_new_file() throws Exception {
    Source one = store.add(consumer("one", 10)).getFirst().getFirst();
    Source other = store.add(consumer("one.new", 10)).getFirst().getFirst();
    tell(0, 1, 20);
    elapsed += 1_000;
    assertThat(deal(other, 10)).hasSize(10);
    elapsed += 1_000;
    assertThat(deal(one, 20)).hasSize(20);
    store.remove(consumer("one", 10));
    store.remove(consumer("one.new", 10));
    store = start(kill(), 2, 1 << 20);
    one = store.add(consumer("one", 10)).getFirst().getFirst();
    assertThat(one.waiting()).isZero();
    other = store.add(consumer("one.new", 10)).getFirst().getFirst();
    assertThat(other.waiting()).isEqualTo(10);
  }

  @Test
  void events_wait_in_memory_while_the_disk_is_full_and_in_files_again_afterwards()
      throws Exception {
    Source source = store.add(consumer("one", 100)).getFirst().getFirst();
    tell(0, 1, 10);
    isFull = true;
    tell(0, 11, 300);
    assertThat(troubles).anyMatch(each -> each.contains("disk is full"));
    isFull = false;
    tell(0, 301, 700);
    assertThat(deal(source, 700)).isEqualTo(texts(1, 700));
    tell(0, 701, 710);
    Path left = kill();
    store = start(left, 2, 1 << 20);
    List<String> after = deal(store.add(consumer("one", 1_000)).getFirst().getFirst(), 1_000);
    assertThat(after).endsWith("m710");
    assertThat(store.dropped()).isZero();
  }

  @Test
  void a_folder_is_for_one_server() {
    assertThatThrownBy(() -> start(folder, 1, 1 << 20))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("feed.folder")
        .hasMessageContaining("another server");
  }

  @Test
  void events_are_filtered_by_type_and_room() throws Exception {
    var consumer = new Feed.Consumer("one", EnumSet.of(Type.JOINED), List.of("a*"), 10);
    Source source = store.add(consumer).getFirst().getFirst();
    tell(0, 1, 10);
    List<FeedEvent> events =
        List.of(
            new FeedEvent("1", Type.JOINED, "attic", 3, new Json.Obj(Map.of())),
            new FeedEvent("2", Type.LEFT, "attic", 3, new Json.Obj(Map.of())),
            new FeedEvent("3", Type.JOINED, "cellar", 3, new Json.Obj(Map.of())),
            new FeedEvent("4", Type.JOINED, "ä\"", 3, new Json.Obj(Map.of("x", Json.of("\u0000")))),
            new FeedEvent("5", Type.JOINED, "a", 4, new Json.Obj(Map.of("y", Json.of(1)))));
    for (FeedEvent each : events) {
      byte[] record = EventRecord.of(each);
      loops.getFirst().run(() -> store.sink(0).event("attic", record));
    }
    assertThat(source.next()).containsExactly(events.get(0), events.get(4));
  }
}
