package io.earshot.spi;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Post;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** The server, as its {@link Broker} calls it. Any thread may call it; no method blocks. */
public interface Bus {

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
   * The broker is connected, for the first time or again. The messages of the time between are
   * missing.
   */
  void connected();

  /** The broker has lost its connection. */
  void disconnected();

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
   * @return the announcement, with a number apart from those of other posts
   */
  Post leaveAnnouncement(String id);

  /**
   * The largest number of members with which a room announces joins and leaves.
   *
   * @param room the room's name
   * @return the number of members; 0 if the room has no announcements
   */
  int announcesUpTo(String room);
}
