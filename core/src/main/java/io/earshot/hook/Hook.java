package io.earshot.hook;

import io.earshot.action.LogLimit;
import io.earshot.config.Glob;
import io.earshot.protocol.Json;
import io.earshot.stats.Work;
import java.util.Locale;

/**
 * A hook that a program has added.
 *
 * <p>Thread-safe: what changes is volatile or atomic.
 */
public final class Hook {
  private final Kind kind;
  private final String rooms;
  private final Glob pattern;
  private final String name;
  private final Body body;
  private final LogLimit logLimit = new LogLimit();
  private volatile boolean isRemoved;

  /** The event that a hook is for. */
  enum Kind {
    CONNECT,
    JOIN,
    JOINED,
    SAY,
    SAID,
    LEAVE;

    /** Whether the hook only learns of the event, and decides nothing. */
    boolean isTold() {
      return this == JOINED || this == SAID || this == LEAVE;
    }

    /** Whether requests of its connection wait for it. */
    boolean isAwaited() {
      return this != SAID;
    }

    /** The kind under which its calls are counted. */
    Work work() {
      return switch (this) {
        case CONNECT -> Work.CONNECT_HOOK;
        case JOIN -> Work.JOIN_HOOK;
        case JOINED -> Work.JOINED_HOOK;
        case SAY -> Work.SAY_HOOK;
        case SAID -> Work.SAID_HOOK;
        case LEAVE -> Work.LEAVE_HOOK;
      };
    }
  }

  /** The program's code, in one form for all kinds of hooks. */
  interface Body {
    /** Returns the question's message or another one; refuses by an exception. */
    Json ask(Question question) throws Exception;
  }

  /**
   * A hook.
   *
   * @param rooms the pattern of the names of its rooms
   * @param name its name in the log
   */
  Hook(Kind kind, String rooms, String name, Body body) {
    this.kind = kind;
    this.rooms = rooms;
    this.pattern = new Glob(rooms);
    this.name = name;
    this.body = body;
  }

  Kind kind() {
    return kind;
  }

  boolean isFor(String room) {
    return pattern.matches(room);
  }

  Json ask(Question question) throws Exception {
    return body.ask(question);
  }

  boolean isRemoved() {
    return isRemoved;
  }

  /** Connections that looked the hook up earlier do not ask it again. */
  void remove() {
    isRemoved = true;
  }

  /** Whether the last log entry about this hook is old enough for another. */
  boolean mayLog(long now) {
    return logLimit.mayLog(now);
  }

  @Override
  public String toString() {
    return kind.name().toLowerCase(Locale.ROOT) + " hook " + name + " for " + rooms;
  }
}
