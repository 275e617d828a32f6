package io.earshot.history;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.protocol.Audience;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The ring remembers what a list of the same messages remembers. */
final class EntryRingTest {
  private static History.Entry entry(long offset, Random random) {
    int length = random.nextInt(10) == 0 ? random.nextInt(5_000) : random.nextInt(40);
    String text = "m" + offset + "-".repeat(length);
    return new History.Entry(
        offset,
        text.getBytes(US_ASCII),
        1_000 + offset,
        random.nextLong(),
        random.nextInt(3) == 0 ? null : "speaker" + random.nextInt(6),
        random.nextInt(50) == 0 ? new Audience("team", "red" + offset) : null,
        true);
  }

  private static void assertSame(EntryRing ring, Iterable<History.Entry> expected) {
    int index = 0;
    int length = 0;
    for (History.Entry each : expected) {
      assertThat(ring.get(index)).usingRecursiveComparison().isEqualTo(each);
      assertThat(ring.offset(index)).isEqualTo(each.offset());
      assertThat(ring.since(index)).isEqualTo(each.since());
      assertThat(ring.after(each.offset() - 1)).isEqualTo(index);
      assertThat(ring.after(each.offset())).isEqualTo(index + 1);
      length += each.json().length;
      index++;
    }
    assertThat(ring.size()).isEqualTo(index);
    assertThat(ring.length()).isEqualTo(length);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 100})
  void messagesComeAndGo(int most) {
    var random = new Random(most);
    var ring = new EntryRing(true);
    var expected = new ArrayDeque<History.Entry>();
    long offset = 0;
    for (int step = 0; step < 2_000; step++) {
      // Some offsets are those of the other kind of messages.
      offset += 1 + random.nextInt(2);
      History.Entry entry = entry(offset, random);
      ring.add(entry);
      expected.add(entry);
      int left = random.nextInt(100) == 0 ? 0 : random.nextInt(most, 2 * most);
      while (expected.size() > left) {
        assertThat(ring.removeFirst()).isEqualTo(expected.remove().json().length);
      }
      if (step % 20 == 0) {
        assertSame(ring, expected);
      }
    }
  }

  @Test
  void whoSpeaksAgainIsKeptOnce() {
    var ring = new EntryRing(true);
    var texts = new ArrayList<String>();
    for (int i = 0; i < 8; i++) {
      String speaker = new StringBuilder("speaker").append(i % 2).toString();
      ring.add(new History.Entry(i, new byte[1], 0, 0, speaker, null, true));
      texts.add(ring.get(i).speaker());
    }
    assertThat(texts.get(6)).isEqualTo("speaker0").isSameAs(texts.get(0));
    assertThat(texts.get(7)).isEqualTo("speaker1").isSameAs(texts.get(1));
  }

  @Test
  void aLongMessageLeavesNoLongArray() {
    var ring = new EntryRing(true);
    ring.add(new History.Entry(1, new byte[1_000_000], 0, 0, null, null, true));
    for (int i = 2; i < 20; i++) {
      ring.add(new History.Entry(i, new byte[100], 0, 0, null, null, true));
    }
    assertThat(ring.capacity()).isGreaterThan(1_000_000);
    for (int i = 0; i < 15; i++) {
      ring.removeFirst();
      ring.add(new History.Entry(20 + i, new byte[100], 0, 0, null, null, true));
    }
    assertThat(ring.capacity()).isLessThan(10_000);
  }
}
