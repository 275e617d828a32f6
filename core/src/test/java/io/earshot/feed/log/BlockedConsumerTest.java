package io.earshot.feed.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Feed;
import io.earshot.FeedEvent;
import io.earshot.FeedEvent.Type;
import io.earshot.disk.Disk;
import io.earshot.disk.Segment;
import io.earshot.protocol.Json;
import io.earshot.testing.Await;
import io.earshot.testing.ManualLoop;
import java.io.IOException;
import java.lang.ref.Reference;
import java.lang.ref.WeakReference;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A consumer that is blocked for long holds none of the events that are dropped meanwhile. */
class BlockedConsumerTest {
  private static final int CHUNK = 8 << 10;
  private static final int LIMIT = 10 * CHUNK;
  private static final Feed.Consumer CONSUMER =
      new Feed.Consumer("one", EnumSet.allOf(Type.class), List.of("*"), 100);

  @TempDir Path temp;
  private final ManualLoop loop = new ManualLoop();
  private final List<LocalStore> stores = new ArrayList<>();

  @AfterEach
  void close() {
    stores.forEach(LocalStore::close);
  }

  private LocalStore start(boolean hasFiles, Executor background) throws IOException {
    var disk = new Disk(CHUNK, "here", background);
    var store = new LocalStore(LIMIT, List.of(loop), disk, () -> 0, (_, _) -> {});
    stores.add(store);
    if (hasFiles) {
      store.open("feed.folder", temp.resolve("feed"), true);
    }
    return store;
  }

  private void tell(Sink sink, int number) {
    byte[] record =
        EventRecord.of(
            new FeedEvent("e" + number, Type.JOINED, "attic", 3, new Json.Obj(Map.of())));
    loop.run(() -> sink.event("attic", record));
  }

  private static List<String> ids(int from, int to) {
    return IntStream.rangeClosed(from, to).mapToObj(i -> "e" + i).toList();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void dropped_chunks_are_collectable_and_the_consumer_goes_on_with_the_oldest_that_is_there(
      boolean hasFiles) throws Exception {
    LocalStore store = start(hasFiles, Runnable::run);
    Source source = store.add(CONSUMER).getFirst().getFirst();
    var log = (PartLog) store.sink(0);
    tell(log, 1);
    List<FeedEvent> handled = Objects.requireNonNull(source.next());
    assertThat(handled).hasSize(1); // and the handler blocks
    var written = new ArrayList<WeakReference<Chunk>>();
    Chunk last = null;
    int count = 1;
    while (written.size() < 50) {
      tell(log, ++count);
      Chunk now = log.current();
      if (now != last) {
        last = now;
        written.add(new WeakReference<>(now));
      }
    }
    int alive = log.chunks.size();
    assertThat(alive).isLessThanOrEqualTo(10);
    Await.until(
        "the dropped chunks to be collected",
        () -> {
          System.gc();
          return written.stream().filter(each -> each.get() != null).count() <= alive + 1;
        });
    source.done();
    int left = (int) source.waiting();
    assertThat(left).isBetween(100, count / 2);
    var told = new ArrayList<String>();
    while (told.size() < left) {
      Objects.requireNonNull(source.next()).forEach(each -> told.add(each.id()));
      source.done();
    }
    assertThat(told).isEqualTo(ids(count - left + 1, count));
    assertThat(store.dropped()).isEqualTo(count - left);
  }

  @Test
  void without_files_an_event_may_be_longer_than_a_chunk_too() throws Exception {
    LocalStore store = start(false, Runnable::run);
    Source source = store.add(CONSUMER).getFirst().getFirst();
    Sink sink = store.sink(0);
    tell(sink, 1);
    var data = new Json.Obj(Map.of("x", Json.of("x".repeat(3 * CHUNK))));
    byte[] record = EventRecord.of(new FeedEvent("e2", Type.JOINED, "attic", 3, data));
    loop.run(() -> sink.event("attic", record));
    tell(sink, 3);
    assertThat(source.waiting()).isEqualTo(3);
    var told = new ArrayList<String>();
    while (told.size() < 3) {
      Objects.requireNonNull(source.next()).forEach(each -> told.add(each.id()));
      source.done();
    }
    assertThat(told).isEqualTo(ids(1, 3));
  }

  @Test
  void a_deleted_chunk_does_not_hold_its_memory() {
    var segment = Segment.inMemory(0, CHUNK);
    var memory = new WeakReference<>(segment.body().array());
    Chunk chunk = Chunk.of(segment, CHUNK, 1);
    segment = null;
    chunk.delete();
    Await.until(
        "the memory to be collected",
        () -> {
          System.gc();
          return memory.get() == null;
        });
    assertThat(chunk.read(Segment.START)).isNull();
    Reference.reachabilityFence(chunk);
  }

  @Test
  void a_chunk_in_memory_comes_before_the_files_that_are_created_after_it() throws Exception {
    var tasks = new ArrayList<Runnable>();
    LocalStore store = start(true, tasks::add);
    store.add(CONSUMER);
    var log = (PartLog) store.sink(0);
    Chunk first = Objects.requireNonNull(log.current());
    for (int i = 0; log.current() == first; i++) {
      tell(log, i); // until it goes on in memory, as no file was created in time
    }
    Chunk inMemory = Objects.requireNonNull(log.current());
    assertThat(inMemory.isStored()).isFalse();
    tasks.getLast().run();
    assertThat(log.chunks.lastKey()).isGreaterThan(inMemory.number); // a file is there, unused
    assertThat(store.chunkAfter(log, first.number)).isSameAs(inMemory);
    assertThat(store.chunkAfter(log, inMemory.number)).isSameAs(inMemory);
  }
}
