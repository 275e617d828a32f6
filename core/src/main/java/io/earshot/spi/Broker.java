package io.earshot.spi;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Post;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * What the servers of a cluster share: the one order of each room, the end of that order, who is in
 * it, and a word between servers. Each server has a broker of its own.
 *
 * <p>Stages complete on any thread. They fail with a {@link BrokerException}, within a bounded time
 * whatever becomes of what is behind the broker. What one thread asks for in one room is done in
 * the order in which it was asked for.
 *
 * <p>Thread-safe, and nothing here blocks but {@link #close}.
 */
public interface Broker extends AutoCloseable {

  /**
   * A message that has its place.
   *
   * @param place where in the room's order
   * @param post the message
   */
  record Placed(Cursor place, Post post) {}

  /**
   * What somebody knows of a room.
   *
   * @param cursor up to where, or null for nothing
   * @param origin where the message at that place came from, or null if that is not known
   */
  record Known(@Nullable Cursor cursor, Post.@Nullable Origin origin) {}

  /**
   * What a room told, up to its end.
   *
   * @param end the end of the room's order; null if it has none yet
   * @param posts what was told last, in order, without a gap up to the end
   */
  record Stretch(@Nullable Cursor end, List<Placed> posts) {
    /** Copies the list. */
    public Stretch {
      posts = List.copyOf(posts);
    }
  }

  /**
   * What holds for a room when something is told there.
   *
   * @param messages how many messages are to be remembered at least
   * @param keep how long the room is to be remembered when nobody is in it, in milliseconds
   * @param known up to where whoever asks knows the room, so that a room that has fallen behind
   *     that is found out; or null
   * @param freshEpoch what to call the room's order if it has to begin anew
   */
  record Terms(int messages, long keep, @Nullable Cursor known, String freshEpoch) {}

  /**
   * That somebody came or went.
   *
   * @param place the end of the room's order then, which is the announcement if there was one
   * @param isAnnounced whether there was one
   */
  record Moved(Cursor place, boolean isAnnounced) {}

  /**
   * Somebody who is in a room.
   *
   * @param id their id
   * @param peer the server that they are on
   * @param isCurrent whether that server holds them; not if it was taken for dead since
   */
  record Present(String id, String peer, boolean isCurrent) {}

  /**
   * Begins. Returns at once; {@link Bus#connected} tells when the others can be reached.
   *
   * @param peer the name of this run of this server, unlike any other
   * @param bus whom to tell what others do
   */
  void start(String peer, Bus bus);

  /**
   * Begins to hear a room, or hears it still: whatever is told there after the end of the stretch
   * comes by {@link Bus#told}, and so may some of the stretch.
   *
   * @param room the room's name
   * @param known what is known of it already. If the room has fallen behind that, since what is
   *     behind the broker has lost something, its order begins anew
   * @param limit at most so many messages; the oldest of those after what is known, or else the
   *     last
   * @param terms what holds for it; a room that has no order yet gets one if {@code make} says so
   * @param make whether to give it an order
   * @return what was told after what is known if that is of the same order, else what was told last
   */
  CompletionStage<Stretch> open(String room, Known known, int limit, Terms terms, boolean make);

  /**
   * Hears a room no more.
   *
   * @param room the room's name
   */
  void close(String room);

  /**
   * Tells a message in a room.
   *
   * @param room the room's name
   * @param post the message
   * @param terms what holds for the room
   * @param repeat what makes it the same as one that was told before and is not to be told again,
   *     or null
   * @param window how long that is remembered, in milliseconds
   * @param ifThere whether it is to be told only if the room has an order
   * @return its place, or that of the one told before; null if it was not told
   */
  CompletionStage<@Nullable Cursor> publish(
      String room, Post post, Terms terms, @Nullable String repeat, long window, boolean ifThere);

  /**
   * Somebody comes in, on this server.
   *
   * @param room the room's name
   * @param id their id
   * @param announcement what the room is told if they were not in it
   * @param upTo how many members a room may have to be told so
   * @param terms what holds for the room
   * @param take whether they are taken over if they are on another server
   * @return where they come in; null if they are on another server, and not taken over
   */
  CompletionStage<@Nullable Moved> enter(
      String room, String id, Post announcement, int upTo, Terms terms, boolean take);

  /**
   * Somebody goes, if they are on this server.
   *
   * @param room the room's name
   * @param id their id
   * @param announcement what the room is told if they were in it
   * @param upTo how many members, they included, a room may have to be told so
   * @param terms what holds for the room
   * @return up to where they are to hear
   */
  CompletionStage<Moved> leave(String room, String id, Post announcement, int upTo, Terms terms);

  /**
   * Who is in a room.
   *
   * @param room the room's name
   * @return the members in the order in which they came; none that is on a server that is dead
   */
  CompletionStage<List<Present>> members(String room);

  /**
   * The end of a room's order.
   *
   * @param room the room's name
   * @return the end; null if it has none
   */
  CompletionStage<@Nullable Cursor> end(String room);

  /**
   * Asks another server something.
   *
   * @param peer which
   * @param question what
   * @return the answer
   */
  CompletionStage<Json> ask(String peer, Json question);

  /**
   * Asks all other servers something that one at most has an answer to.
   *
   * @param question what
   * @return the answer; null if nobody has one
   */
  CompletionStage<@Nullable Json> askAll(Json question);

  /**
   * Asks which server an HTTP client is on; it is this one from now on, if it is on none.
   *
   * @param client the client's id
   * @param ttl how long it stays there unless this is asked again
   * @return the name of the server's run
   */
  CompletionStage<String> claim(String client, Duration ttl);

  /**
   * An HTTP client is on this server no more.
   *
   * @param client the client's id
   */
  void release(String client);

  /**
   * The servers of the cluster, as far as they were seen alive lately.
   *
   * @return the names of their runs, this one's among them if it is one
   */
  List<String> peers();

  /** Says goodbye to the other servers; nothing that was asked for before is lost. */
  @Override
  void close();
}
