package io.earshot.redis.say;

import static io.earshot.redis.connection.Utf8.text;

import io.earshot.protocol.Cursor;
import io.earshot.redis.connection.Connections;
import io.earshot.redis.connection.Failures;
import io.earshot.redis.connection.Written;
import io.earshot.spi.Broker.Terms;
import io.earshot.spi.BrokerException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * One call of the script, with the messages of one or many rooms. The messages of each room keep
 * their order.
 *
 * <p>Immutable.
 */
final class SayCall {
  /** So that no call keeps Redis from others for long: a message takes it about 10 µs. */
  static final int MOST_SAYS = 64;

  /** The same for large messages. A larger one goes alone. */
  static final int MOST_BYTES = 64 * 1024;

  private static final String LATE = "a later message of the same server came first; try again";

  private final List<Say> says;

  private SayCall(List<Say> says) {
    this.says = says;
  }

  /** A call with the first of the waiting messages, which it takes out: as many as it may have. */
  static SayCall of(ArrayDeque<Say> waiting) {
    Say first = waiting.remove();
    if (waiting.isEmpty()) {
      return new SayCall(List.of(first));
    }
    var some = new ArrayList<Say>(Math.min(MOST_SAYS, waiting.size() + 1));
    some.add(first);
    int bytes = first.size();
    for (Say next = waiting.peek();
        next != null && some.size() < MOST_SAYS && bytes + next.size() <= MOST_BYTES;
        next = waiting.peek()) {
      some.add(waiting.remove());
      bytes += next.size();
    }
    return new SayCall(byRoom(some));
  }

  /** Brings the messages of each room together. */
  private static List<Say> byRoom(List<Say> says) {
    var rooms = LinkedHashMap.<String, List<Say>>newLinkedHashMap(says.size());
    for (Say say : says) {
      rooms.computeIfAbsent(say.room().head(), ignored -> new ArrayList<>(1)).add(say);
    }
    return rooms.size() == says.size()
        ? says
        : rooms.values().stream().flatMap(Collection::stream).toList();
  }

  /**
   * Sends the call.
   *
   * @param feed where messages become events; null if the script cannot reach it
   */
  CompletionStage<List<byte[]>> send(Connections redis, long leaseUntil, @Nullable FeedKeys feed) {
    int size = 64;
    for (Say say : says) {
      size += say.size();
    }
    var keys = new Written(128 * says.size());
    var arguments = new Written(size);
    arguments.add(leaseUntil).add(redis.publishCommand());
    int end;
    for (int i = 0; i < says.size(); i = end) {
      end = i + 1;
      while (end < says.size() && isTogether(says.get(i), says.get(end))) {
        end++;
      }
      write(says.subList(i, end), keys, arguments, feed);
    }
    return redis.run(SayScript.SCRIPT, says.getFirst().room().head(), keys, arguments);
  }

  private static boolean isTogether(Say a, Say b) {
    return a.room().head().equals(b.room().head()) && a.origin().peer().equals(b.origin().peer());
  }

  /** Writes messages of one room. The last one knows the most of the room. */
  private static void write(
      List<Say> together, Written keys, Written arguments, @Nullable FeedKeys feed) {
    Say last = together.getLast();
    Terms terms = last.terms();
    Cursor known = terms.known();
    keys.add(last.room().keys());
    arguments
        .add(last.room().channel())
        .add(last.origin().peer())
        .add(terms.keep())
        .add(terms.messages())
        .add(known == null ? "" : known.epoch())
        .add(known == null ? 0 : known.offset())
        .add(terms.freshEpoch());
    if (terms.isFed() && feed != null) {
      keys.add(feed.written(last.room().part()));
      arguments.add(-together.size()).add(last.room().room()).add(feed.bytes());
    } else {
      arguments.add(together.size());
    }
    for (Say say : together) {
      if (say.repeat() != null) {
        keys.add(say.repeat());
      }
      arguments
          .add(say.origin().number())
          .add(say.repeat() == null ? 0 : Math.max(1, say.window()))
          .add(say.message());
    }
  }

  /** Gives each message its place or its failure. */
  void complete(
      @Nullable List<byte[]> answers,
      @Nullable Throwable failure,
      Failures failures,
      Standing standing) {
    if (failure != null || answers == null) {
      fail(failures.translated(failure == null ? new IllegalStateException() : failure));
    } else if (answers.size() == says.size() && !isOver(answers)) {
      for (int i = 0; i < says.size(); i++) {
        complete(says.get(i).place(), text(answers.get(i)), failures);
      }
    } else {
      fail(standing.lostContact());
    }
  }

  private static boolean isOver(List<byte[]> answers) {
    return text(answers.getFirst()).equals("over");
  }

  private static void complete(CompletableFuture<Cursor> place, String answer, Failures failures) {
    Cursor at = Cursor.parse(answer);
    if (at != null) {
      place.complete(at);
    } else if (answer.equals("late")) {
      place.completeExceptionally(new BrokerException(LATE, false));
    } else {
      place.completeExceptionally(failures.refused(answer.replaceFirst("^!", "")));
    }
  }

  /** The same failure for each message. */
  void fail(BrokerException failure) {
    says.forEach(say -> say.place().completeExceptionally(failure));
  }
}
