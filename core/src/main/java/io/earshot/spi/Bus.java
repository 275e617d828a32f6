package io.earshot.spi;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Post;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** What a {@link Broker} tells the server that it works for. Callable from any thread. */
public interface Bus {

  /**
   * A room that was opened told something. For each room called by one thread at a time; what was
   * told may come twice, out of order, or not at all when a link fails, and {@link #connected}
   * follows.
   *
   * @param room the room's name
   * @param place where it stands in the room's order
   * @param post the message
   */
  void told(String room, Cursor place, Post post);

  /** The others can be reached, for the first time or again; what was told meanwhile is missing. */
  void connected();

  /** The others cannot be reached. */
  void disconnected();

  /**
   * Another server asks something.
   *
   * @param question what
   * @return the answer, or null for none
   */
  CompletionStage<@Nullable Json> asked(Json question);

  /**
   * What holds for a room here, for somebody who has to say that its members are gone.
   *
   * @param room the room's name
   * @return the terms
   */
  Broker.Terms terms(String room);

  /**
   * What a room is told of somebody whose server is dead.
   *
   * @param id who
   * @return the announcement, numbered apart from what rooms post
   */
  Post farewell(String id);

  /**
   * Up to how many members a room hears who comes and goes.
   *
   * @param room the room's name
   * @return so many; 0 if it never does
   */
  int announcesUpTo(String room);
}
