package io.earshot.spi;

import io.earshot.Publication;
import io.earshot.protocol.Cursor;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A place outside of Earshot from which messages for rooms come, such as a table of a database or a
 * queue. One server of a cluster reads it at a time.
 *
 * <p>The server calls a source on one virtual thread, on which it may block. The thread is
 * interrupted when the server stops.
 */
public interface Source {

  /**
   * The name of the source, for the log and the problems of the overview.
   *
   * @return such as {@code outbox}
   */
  String name();

  /**
   * Waits until this server may read the source, since no other does.
   *
   * @return the messages, until it is closed
   * @throws Exception if the source cannot be read; it is called again after a pause that grows up
   *     to half a minute
   */
  Reading open() throws Exception;

  /** The messages of a source, while this server is the one that reads it. */
  interface Reading extends AutoCloseable {

    /**
     * The next messages. Those of one room are told in this order, one after the other; a message
     * that {@link #done} does not name is returned again. The server pauses only after a batch of
     * which it could tell nothing, so the source itself delays the rooms that fail while others do
     * not.
     *
     * @param most how long to wait for a message
     * @return the messages; none if none came
     * @throws Exception if the source cannot be read, or another server may read it now
     */
    List<Item> next(Duration most) throws Exception;

    /**
     * Takes note of what has become of messages. If the server ends before this is called, the
     * messages have been told and come again: the source either recognises them, or gives them a
     * {@link Publication#key}, by which the rooms do.
     *
     * @param results the messages that were told, and those that cannot be told
     * @throws Exception if the source cannot be written
     */
    void done(List<Result> results) throws Exception;

    /** Lets another server read. */
    @Override
    void close();
  }

  /**
   * A message of a source.
   *
   * @param id identifies the message in the source
   * @param publication the message; null if it cannot be one
   * @param fault why it cannot be one; null if it can
   */
  record Item(String id, @Nullable Publication publication, @Nullable String fault) {}

  /**
   * What has become of a message.
   *
   * @param id the message's id
   * @param place its place in the room's order; null if it was refused for good
   * @param refusal why it was refused; null if it was told
   */
  record Result(String id, @Nullable Cursor place, @Nullable String refusal) {}
}
