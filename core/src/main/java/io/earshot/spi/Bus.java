package io.earshot.spi;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Post;
import io.earshot.protocol.Signal;
import io.earshot.protocol.User;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The server, as its {@link Broker} calls it. Any thread may call it; no method blocks. */
public interface Bus {

  /**
   * The event loop of a room, which makes most requests for it. The broker may send those that one
   * turn of the loop makes together, at the end of the turn.
   *
   * @param room the room's name
   * @return the loop
   */
  Loop loop(String room);

  /**
   * Receives a message of an open room. For each room, one thread at a time calls this method. When
   * a connection of the broker fails, messages may come twice, out of order, or not at all; then
   * the broker calls {@link #connected}.
   *
   * @param room the room's name
   * @param place the message's place in the room's order
   * @param post the message
   */
  void told(String room, Cursor place, Post post);

  /**
   * Receives a signal of another server for a room that was open a moment ago.
   *
   * @param room the room's name
   * @param signal the signal
   */
  void signalled(String room, Signal signal);

  /**
   * The broker reaches these rooms, for the first time or again. Their messages of the time between
   * are missing.
   *
   * @param rooms tests a room's name; may be called later and on any thread
   */
  void connected(Predicate<String> rooms);

  /**
   * The broker cannot reach these rooms.
   *
   * @param rooms tests a room's name; may be called later and on any thread
   */
  void disconnected(Predicate<String> rooms);

  /**
   * A look at the order of an open room, which the broker takes every now and then. Messages up to
   * this end have been sent; a server that has not received them a little later reads them.
   *
   * @param room the room's name
   * @param end the end of the order; null if the room has none
   */
  void endIs(String room, @Nullable Cursor end);

  /**
   * A random secret of this server. The first server of a cluster gives it to the others.
   *
   * @return the secret; null if the settings of this server have all secrets
   */
  @Nullable String secretToShare();

  /**
   * Takes over the secret of the cluster, which replaces this server's random one.
   *
   * @param shared the secret of all servers without a configured one
   */
  void shareSecret(String shared);

  /**
   * This server's lease was renewed. With each call the server compares some of its rooms with the
   * broker's lists of members.
   *
   * @param timesPerLease how often the broker calls this method in the time of a lease
   */
  void leaseRenewed(int timesPerLease);

  /**
   * The broker answered a renewal of this server's lease.
   *
   * @param nanos the time since the request, in nanoseconds
   */
  default void answered(long nanos) {}

  /**
   * The broker may list members of this server in a room that this server does not use.
   *
   * @param room the room's name
   */
  void listedIn(String room);

  /**
   * Answers another server's question.
   *
   * @param question the question
   * @return the answer; null for none
   */
  CompletionStage<@Nullable Json> asked(Json question);

  /**
   * The terms of a room, for a broker that announces the end of another server's members.
   *
   * @param room the room's name
   * @return the terms
   */
  Broker.Terms terms(String room);

  /**
   * The announcement that a member left, for a member whose server is dead.
   *
   * @param id the member's id
   * @param user the member's user; null for none
   * @return the announcement, with a number apart from those of other posts
   */
  Post leaveAnnouncement(String id, @Nullable User user);

  /**
   * The largest number of members with which a room announces joins and leaves.
   *
   * @param room the room's name
   * @return the number of members; 0 if the room has no announcements
   */
  int announcesUpTo(String room);
}
