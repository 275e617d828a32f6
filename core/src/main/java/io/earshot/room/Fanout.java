package io.earshot.room;

import io.earshot.config.RoomRule;
import io.earshot.history.StoredMessage;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.spi.Wire;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The members of one room that live on one event loop and speak one wire, and the fan-out to them.
 *
 * <p>What the room says in one turn of the loop is framed once into one batch, and each member gets
 * the batch in one write. A member that is to hear less than all of it (it spoke itself, it came in
 * the middle, or a message is not for it) gets the stretches between: same buffer, more writes.
 *
 * <p>A write may end the connection that it goes to. That leaves the room later, so the members do
 * not change while they are written to.
 *
 * <p>Owned by that event loop.
 */
final class Fanout {

  /** A batch that has grown this long is sent at once, in bytes. */
  static final int MAX_BATCH = 60 * 1024;

  private static final int FIRST_CAPACITY = 512;
  private static final Member[] NOBODY = new Member[0];

  private final Shard shard;
  private final Wire wire;
  private final RoomRule rule;

  private Member[] members = NOBODY;
  private int size;

  /** What is pending; null between batches. */
  private @Nullable ByteBuf batch;

  /** The stretches of the batch that are not for everybody. */
  private List<Part> parts = List.of();

  private long batchNumber = 1;

  Fanout(Shard shard, Wire wire, RoomRule rule) {
    this.rule = rule;
    this.shard = shard;
    this.wire = wire;
  }

  /**
   * A stretch of a batch that somebody is not to hear, or that may be left out.
   *
   * @param message the message and its place, where it may be left out for slow consumers
   * @param kind what it then replaces the older ones of, or null
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

  void add(Member member) {
    if (size == members.length) {
      members = Arrays.copyOf(members, Math.max(4, size * 2));
    }
    member.index = size;
    member.oddBatch = 0; // what it was not to hear of another fan-out's batch means nothing here
    members[size++] = member;
    if (batch != null) {
      markOdd(member);
      member.from = batch.writerIndex();
    }
  }

  /** Takes a member out, after it has heard all that was told before. */
  void remove(Member member) {
    if (member.lag != null) {
      leaveOut(member, parts, batchNumber);
      member.connection.catchUp(member);
    } else if (batch != null) {
      writeParts(member, batch, parts, batchNumber);
    }
    Member last = members[--size];
    members[member.index] = last;
    last.index = member.index;
    Arrays.fill(members, size, size + 1, null);
  }

  /**
   * Tells one message, at the end of this turn of the loop.
   *
   * @param json the message
   * @param place where it is in the room's order
   * @param except who is not to hear it, or null
   * @param audience who is to hear it, or null for all
   * @param kind what it replaces the older ones of, for those who do not keep up; or null
   */
  void append(
      byte[] json,
      Cursor place,
      @Nullable Member except,
      @Nullable Audience audience,
      @Nullable String kind) {
    if (batch == null) {
      batch = ByteBufAllocator.DEFAULT.directBuffer(Math.max(FIRST_CAPACITY, json.length + 16));
      shard.flushLater(this);
    }
    int start = batch.writerIndex();
    wire.frame(json, place, batch);
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
    if (batch.writerIndex() >= MAX_BATCH) {
      flush();
    }
  }

  private void markOdd(Member member) {
    if (member.oddBatch != batchNumber) {
      member.oddBatch = batchNumber;
      member.from = 0;
    }
  }

  void flush() {
    ByteBuf bytes = batch;
    if (bytes == null) {
      return; // it had grown long, and went early
    }
    List<Part> odd = parts;
    long number = batchNumber++;
    batch = null;
    parts = List.of();
    try {
      int length = bytes.writerIndex();
      boolean forAll = odd.stream().noneMatch(part -> part.audience != null);
      for (int i = size - 1; i >= 0; i--) {
        Member member = members[i];
        if (rule.mayLeaveOut() && (member.lag != null || member.connection.isBehind())) {
          leaveOut(member, odd, number);
        } else if (forAll && member.oddBatch != number) {
          member.connection.deliver(bytes, 0, length);
        } else {
          writeParts(member, bytes, odd, number);
        }
      }
    } finally {
      bytes.release();
    }
  }

  /** Tells a member nothing of a batch for now, since it has not read what it was told before. */
  private void leaveOut(Member member, List<Part> parts, long number) {
    Lag lag = member.lag;
    if (lag == null) {
      lag = member.connection.newLag(member);
    }
    int at = member.oddBatch == number ? member.from : 0;
    for (Part part : parts) {
      if (part.message != null && part.start >= at && part.isFor(member)) {
        lag.leaveOut(part.message, part.kind);
        shard.countLeftOut();
      }
    }
  }

  /** Writes what one member is to hear of a batch, in as few writes as that takes. */
  private static void writeParts(Member member, ByteBuf bytes, List<Part> parts, long number) {
    int at = member.oddBatch == number ? member.from : 0;
    for (Part part : parts) {
      if (part.start >= at && !part.isFor(member)) {
        deliver(member, bytes, at, part.start);
        at = part.end;
      }
    }
    deliver(member, bytes, at, bytes.writerIndex());
  }

  private static void deliver(Member member, ByteBuf bytes, int from, int to) {
    if (to > from) {
      member.connection.deliver(bytes, from, to - from);
    }
  }
}
