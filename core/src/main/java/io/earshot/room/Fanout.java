package io.earshot.room;

import io.earshot.config.RoomRule;
import io.earshot.history.StoredMessage;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.spi.Packing;
import io.earshot.spi.SaySpan;
import io.earshot.spi.Wire;
import io.earshot.stats.Counter;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The members of one room on one event loop and one wire, and the fan-out to them.
 *
 * <p>All messages of the room in one turn of the loop are framed once into one batch, and each
 * member gets the batch in one write. A member that gets less than the whole batch (because it said
 * one of the messages, joined in the middle, or is outside an audience) gets the parts between: the
 * same buffer, more writes. A wire that compresses does so once for all of them, when the batch is
 * sent.
 *
 * <p>A write may end the connection that it goes to. Such a connection leaves the room in a later
 * task, so the members do not change while a batch is written.
 *
 * <p>Owned by the members' event loop.
 */
final class Fanout {

  /** A batch of this length is sent at once, in bytes. */
  static final int MAX_BATCH = 60 * 1024;

  private static final int FIRST_CAPACITY = 512;
  private static final Member[] NO_MEMBERS = new Member[0];

  private final Shard shard;
  private final Wire wire;
  private final RoomRule rule;

  private Member[] members = NO_MEMBERS;
  private int size;

  /** The messages that are pending; null between batches. */
  private @Nullable ByteBuf batch;

  /** The parts of the batch that some member may not get. */
  private List<Part> parts = List.of();

  private long batchNumber = 1;

  /** The messages of the pending batch. */
  private int messages;

  /**
   * How many deliveries of the pending batch there are besides all of its messages to each present
   * member; less than 0 for members that get fewer.
   */
  private int otherDeliveries;

  /** When the first say of the pending batch began that is timed; 0 for none. */
  private long began;

  /** The spans of the pending batch; null while there are none. */
  private @Nullable List<SaySpan> spans;

  Fanout(Shard shard, Wire wire, RoomRule rule) {
    this.rule = rule;
    this.shard = shard;
    this.wire = wire;
  }

  /**
   * A message in a batch that some member may not get.
   *
   * @param start where the message begins in the batch
   * @param end where the message ends
   * @param except the member that does not get it, or null
   * @param audience the members that get it; null for all
   * @param message the message, where it may be left out for slow consumers; else null
   * @param kind the older messages that it replaces for slow consumers, or null
   */
  private record Part(
      int start,
      int end,
      @Nullable Member except,
      @Nullable Audience audience,
      @Nullable StoredMessage message,
      @Nullable String kind) {
    boolean isFor(Member member) {
      return member != except && (audience == null || member.connection.isMeant(audience));
    }
  }

  boolean is(Shard shard, Wire wire) {
    return this.shard == shard && this.wire == wire;
  }

  Shard shard() {
    return shard;
  }

  /** Adds a member, which gets all later messages. */
  void add(Member member) {
    if (size == members.length) {
      members = Arrays.copyOf(members, Math.max(4, size * 2));
    }
    member.index = size;
    member.oddBatch = 0; // a number of another fan-out's batch means nothing here
    members[size++] = member;
    otherDeliveries -= messages;
    skipPending(member);
  }

  /** Removes a member, after it has got all earlier messages. */
  void remove(Member member) {
    sendPending(member);
    otherDeliveries += messages;
    Member last = members[--size];
    members[member.index] = last;
    last.index = member.index;
    Arrays.fill(members, size, size + 1, null);
  }

  /** Sends a member its part of the pending batch before the end of the turn. */
  void sendPending(Member member) {
    if (member.lag != null) {
      int before = leaveOut(member, parts, batchNumber);
      otherDeliveries += before - messages;
      member.connection.catchUp(member);
    } else if (batch != null) {
      otherDeliveries -= writeParts(member, batch, null, parts, batchNumber);
    }
    skipPending(member);
  }

  private void skipPending(Member member) {
    if (batch != null) {
      markOdd(member);
      member.from = batch.writerIndex();
    }
  }

  /**
   * Adds a message to the batch, which is sent at the end of this turn of the loop.
   *
   * @param json the message as UTF-8
   * @param place the message's place in the room's order
   * @param except the member that does not get it, or null
   * @param audience the members that get it; null for all
   * @param kind the older messages that it replaces for slow consumers, or null
   * @param sayBegan when its say began, as {@link Shard#sayBegan} has it
   */
  void append(
      byte[] json,
      Cursor place,
      @Nullable Member except,
      @Nullable Audience audience,
      @Nullable String kind,
      long sayBegan) {
    if (batch == null) {
      batch = ByteBufAllocator.DEFAULT.directBuffer(Math.max(FIRST_CAPACITY, json.length + 16));
      shard.flushLater(this);
    }
    int start = batch.writerIndex();
    if (rule.isInbox()) {
      wire.inBatches().inbox(json, batch);
    } else {
      wire.inBatches().frame(json, place, batch);
    }
    @Nullable Member ours =
        except != null && is(except.connection.shard(), except.connection.wire()) ? except : null;
    boolean mayLeaveOut = rule.mayLeaveOut();
    if (ours != null || audience != null || mayLeaveOut) {
      if (parts.isEmpty()) {
        parts = new ArrayList<>();
      }
      StoredMessage message = mayLeaveOut ? new StoredMessage(json, place) : null;
      parts.add(new Part(start, batch.writerIndex(), except, audience, message, kind));
      if (ours != null) {
        markOdd(ours);
      }
    }
    messages++;
    if (began == 0) {
      began = sayBegan;
    }
    @Nullable SaySpan span = shard.saySpan();
    if (span != null) {
      add(span);
    }
    if (batch.writerIndex() >= MAX_BATCH) {
      flush();
    }
  }

  /** Notes that a member does not get the whole of the pending batch. */
  private void markOdd(Member member) {
    if (member.oddBatch != batchNumber) {
      member.oddBatch = batchNumber;
      member.from = 0;
    }
  }

  void flush() {
    ByteBuf bytes = batch;
    if (bytes == null) {
      return; // the batch grew too long, and was sent before the end of the turn
    }
    List<Part> odd = parts;
    long number = batchNumber++;
    batch = null;
    parts = List.of();
    int count = messages;
    messages = 0;
    long sent = otherDeliveries;
    otherDeliveries = 0;
    @Nullable Packing packing = wire.packing(bytes);
    try {
      boolean forAll = areForAll(odd);
      for (int i = size - 1; i >= 0; i--) {
        Member member = members[i];
        if (rule.mayLeaveOut() && (member.lag != null || member.connection.isBehind())) {
          sent += leaveOut(member, odd, number);
        } else if (forAll && member.oddBatch != number) {
          ByteBuf whole = packing == null ? bytes : packing.whole();
          member.connection.deliver(whole, 0, whole.writerIndex());
          sent += count;
        } else {
          sent += count - writeParts(member, bytes, packing, odd, number);
        }
      }
    } finally {
      bytes.release();
      if (packing != null) {
        packing.release();
      }
    }
    shard.stats().add(Counter.DELIVERIES, sent);
    if (began != 0) {
      shard.stats().delivered(began);
      began = 0;
    }
    if (spans != null) {
      spans.forEach(SaySpan::delivered);
      spans = null;
    }
  }

  /** Traces the delivery of a say, until the batch is sent. */
  private void add(SaySpan span) {
    if (spans == null) {
      spans = new ArrayList<>();
    }
    span.delivering();
    spans.add(span);
  }

  /** Whether no message has an audience. A loop, since each batch asks. */
  private static boolean areForAll(List<Part> parts) {
    for (Part part : parts) {
      if (part.audience != null) {
        return false;
      }
    }
    return true;
  }

  /**
   * A signal for all members but its sender.
   *
   * @param json the signal as UTF-8
   * @param sender the member that does not get it, or null
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Signalled(byte[] json, @Nullable Member sender) {}

  /**
   * Sends signals at once to the members that have taken everything before. They are no part of the
   * batch, so a signal may pass a message of the same turn.
   */
  void signal(List<Signalled> signals) {
    ByteBuf bytes = ByteBufAllocator.DEFAULT.directBuffer(FIRST_CAPACITY);
    try {
      var senders = new HashSet<@Nullable Member>();
      int[] ends = new int[signals.size()];
      for (int i = 0; i < ends.length; i++) {
        wire.signal(signals.get(i).json, bytes);
        ends[i] = bytes.writerIndex();
        senders.add(signals.get(i).sender);
      }
      for (int i = size - 1; i >= 0; i--) {
        Member member = members[i];
        if (member.lag == null && member.connection.takesSignals()) {
          int at = 0;
          for (int j = 0; senders.contains(member) && j < ends.length; j++) {
            if (signals.get(j).sender == member) {
              deliver(member, bytes, null, at, j == 0 ? 0 : ends[j - 1]);
              at = ends[j];
            }
          }
          deliver(member, bytes, null, at, bytes.writerIndex());
        }
      }
    } finally {
      bytes.release();
    }
  }

  /**
   * Writes nothing of a batch to a slow consumer, and notes what it did not get.
   *
   * @return how many messages of the batch are before the member's part of it
   */
  private int leaveOut(Member member, List<Part> parts, long number) {
    Lag lag = member.lag;
    if (lag == null) {
      lag = member.connection.newLag(member);
    }
    int at = member.oddBatch == number ? member.from : 0;
    int before = 0;
    for (Part part : parts) {
      if (part.start < at) {
        before++;
      } else if (part.message != null && part.isFor(member)) {
        lag.leaveOut(part.message, part.kind);
        shard.stats().add(Counter.LEFT_OUT, 1);
      }
    }
    return before;
  }

  /**
   * Writes the messages of a batch that one member gets, in as few writes as possible.
   *
   * @return how many messages were not for the member
   */
  private static int writeParts(
      Member member, ByteBuf bytes, @Nullable Packing packing, List<Part> parts, long number) {
    int at = member.oddBatch == number ? member.from : 0;
    int others = 0;
    for (Part part : parts) {
      if (part.start >= at && !part.isFor(member)) {
        deliver(member, bytes, packing, at, part.start);
        at = part.end;
        others++;
      }
    }
    deliver(member, bytes, packing, at, bytes.writerIndex());
    return others;
  }

  private static void deliver(
      Member member, ByteBuf bytes, @Nullable Packing packing, int from, int to) {
    if (to > from && packing != null) {
      int start = packing.inParts(from);
      member.connection.deliver(packing.parts(), start, packing.inParts(to) - start);
    } else if (to > from) {
      member.connection.deliver(bytes, from, to - from);
    }
  }
}
