package io.earshot.spi;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Post;
import io.earshot.protocol.Signal;
import io.earshot.protocol.User;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The state that the servers of a cluster share: the one order of each room, the last messages of
 * that order, and the list of members. A broker also carries requests from server to server. Each
 * server has a broker of its own.
 *
 * <p>Stages complete on any thread. They fail with a {@link BrokerException}, within a bounded
 * time, whatever happens to the store behind the broker. The requests of one thread for one room
 * are done in the order in which they were made.
 *
 * <p>Thread-safe. No method blocks, {@link #close} excepted.
 */
public interface Broker extends AutoCloseable {

  /**
   * A message with its place.
   *
   * @param place the message's place in the room's order
   * @param post the message
   * @param age how long ago the broker took the message, in milliseconds by the broker's clock; at
   *     least 0. The clock of the server that published it may be another
   */
  record Placed(Cursor place, Post post, long age) {

    /**
     * A message that arrives as it is published.
     *
     * @param place the message's place in the room's order
     * @param post the message
     */
    public Placed(Cursor place, Post post) {
      this(place, post, 0);
    }
  }

  /**
   * The last message of a room that a server knows.
   *
   * @param cursor the message's place; null if the server knows no message
   * @param origin the message's origin; null if the server does not know it
   */
  record Known(@Nullable Cursor cursor, Post.@Nullable Origin origin) {}

  /**
   * The last messages of a room.
   *
   * @param end the end of the room's order; null if it has no order yet
   * @param posts the messages, in order, without a gap up to the end
   */
  record Stretch(@Nullable Cursor end, List<Placed> posts) {
    /** Copies the list. */
    public Stretch {
      posts = List.copyOf(posts);
    }
  }

  /**
   * How a broker treats a room, given with each request that may write to it.
   *
   * @param messages the smallest number of messages to remember
   * @param keep how long to remember the room without members, in milliseconds
   * @param known the end of the order as the server knows it, or null; a broker whose order has
   *     fallen behind it begins a new order
   * @param freshEpoch the epoch of a new order
   * @param isFed whether a message becomes an event of the {@link SharedFeed}, too
   */
  record Terms(int messages, long keep, @Nullable Cursor known, String freshEpoch, boolean isFed) {

    /**
     * Terms of a room whose messages are no events.
     *
     * @param messages the smallest number of messages to remember
     * @param keep how long to remember the room without members, in milliseconds
     * @param known the end of the order as the server knows it, or null
     * @param freshEpoch the epoch of a new order
     */
    public Terms(int messages, long keep, @Nullable Cursor known, String freshEpoch) {
      this(messages, keep, known, freshEpoch, false);
    }

    /**
     * These terms for a message that becomes an event.
     *
     * @return the same, with {@link #isFed}
     */
    public Terms fed() {
      return new Terms(messages, keep, known, freshEpoch, true);
    }
  }

  /**
   * The result of a join or leave.
   *
   * @param place the end of the room's order at that moment: the announcement, if there was one
   * @param isAnnounced whether there was an announcement
   */
  record Moved(Cursor place, boolean isAnnounced) {}

  /**
   * A member of a room.
   *
   * @param id the member's id
   * @param isCurrent whether the member is on this server, and entered the room as its present
   *     {@link #owner}
   * @param user the member's user; null for none
   */
  record Present(String id, boolean isCurrent, @Nullable User user) {}

  /**
   * This server's entries in a room's list of members, as a count and a checksum.
   *
   * @param owner the {@link #owner} of the entries
   * @param end the end of the room's order; null if the room has no order
   * @param count the number of entries
   * @param sum the sum of the {@link #digest} of each member, modulo 2<sup>32</sup>
   */
  record Tally(String owner, @Nullable Cursor end, long count, long sum) {

    /**
     * A short checksum of a member: of its id, or of its id, a space and the id of its user. For a
     * text in ASCII it is {@link String#hashCode}, as an unsigned number.
     *
     * @param id the member's id
     * @param user the member's user; null for none
     * @return 32 bits
     */
    public static long digest(String id, @Nullable User user) {
      String text = user == null ? id : id + " " + user.id();
      int digest = 0;
      for (byte each : text.getBytes(StandardCharsets.UTF_8)) {
        digest = 31 * digest + (each & 0xFF);
      }
      return Integer.toUnsignedLong(digest);
    }

    /**
     * Whether another tally has the same entries.
     *
     * @param other a tally of the same room
     * @return false if the entries differ; true if they differ only by an improbable chance
     */
    public boolean hasSameEntries(Tally other) {
      return count == other.count && sum == other.sum;
    }
  }

  /**
   * This server's entries in a room's list of members.
   *
   * @param owner the {@link #owner} of the entries
   * @param members the members, in no order
   */
  record Entries(String owner, List<Entry> members) {
    /** Copies the list. */
    public Entries {
      members = List.copyOf(members);
    }
  }

  /**
   * A member in a room's list.
   *
   * @param id the member's id
   * @param user the member's user; null for none
   */
  record Entry(String id, @Nullable User user) {}

  /**
   * Connects. Returns at once; {@link Bus#connected} follows when the store can be reached.
   *
   * @param peer the unique name of this run of this server
   * @param bus the server to call
   */
  void start(String peer, Bus bus);

  /**
   * Whether requests for a room can be sent now. It changes before {@link Bus#connected} and {@link
   * Bus#disconnected} are called.
   *
   * @param room the room's name
   * @return false if they fail at once
   */
  boolean reaches(String room);

  /**
   * Whether requests can be sent now, for all rooms.
   *
   * @return false if those for some rooms fail at once
   */
  boolean reachesAll();

  /**
   * Opens a room, or reads it again if it is open. The messages after the returned stretch arrive
   * by {@link Bus#told}; some messages of the stretch may arrive there as well.
   *
   * @param room the room's name
   * @param known the last message that this server knows. If the store lost messages, so that the
   *     order has fallen behind it, the broker begins a new order
   * @param limit the largest number of messages: the oldest after the known one, or else the last
   *     ones
   * @param terms how to treat the room
   * @param make whether to begin an order if the room has none
   * @return the messages after the known one, if it belongs to the same order; else the last
   *     messages
   */
  CompletionStage<Stretch> open(String room, Known known, int limit, Terms terms, boolean make);

  /**
   * Closes a room: the broker no longer calls {@link Bus#told} for it.
   *
   * @param room the room's name
   */
  void close(String room);

  /**
   * Assigns a message its place, and sends it to all servers that have the room open.
   *
   * @param room the room's name
   * @param post the message
   * @param terms how to treat the room
   * @param repeat a text that the message and its repeats share; an earlier message with the same
   *     text is not published again. Null for no such text
   * @param window how long that text is remembered, in milliseconds
   * @return the message's place, or that of the earlier one
   */
  CompletionStage<Cursor> publish(
      String room, Post post, Terms terms, @Nullable String repeat, long window);

  /**
   * Sends a signal to the other servers that have the room open. It may be lost, and costs no
   * request that waits for an answer.
   *
   * @param room the room's name
   * @param signal the signal
   */
  void signal(String room, Signal signal);

  /**
   * Adds a member of this server to a room's list; its user is that of the announcement. A member
   * that this server has in the list stays the user's that it was. Of a user with several members
   * in the room, only the first is announced.
   *
   * @param room the room's name
   * @param id the member's id
   * @param announcement the message for the room, published if the member was not in the list, or
   *     was another user's
   * @param upTo the largest room in which the announcement is published, in members
   * @param terms how to treat the room
   * @param take whether to take the member over from another server
   * @return the place at which the member enters; null if the member is on another server and not
   *     taken over
   */
  CompletionStage<@Nullable Moved> enter(
      String room, String id, Post announcement, int upTo, Terms terms, boolean take);

  /**
   * Removes a member from a room's list, if it is on this server, and the list has it as a member
   * of the announcement's user. Of a user with several members in the room, only the last is
   * announced.
   *
   * @param room the room's name
   * @param id the member's id
   * @param announcement the message for the room, published if the member was in the list
   * @param upTo the largest room in which the announcement is published, in members, including the
   *     one that leaves
   * @param terms how to treat the room
   * @return the place of the last message for the member
   */
  CompletionStage<Moved> leave(String room, String id, Post announcement, int upTo, Terms terms);

  /**
   * Reads a room's list of members.
   *
   * @param room the room's name
   * @return the members in the order in which they joined, without those of dead servers
   */
  CompletionStage<List<Present>> members(String room);

  /**
   * Counts this server's entries in a room's list. Costs about as much as {@link #end}, however
   * many members the room has.
   *
   * @param room the room's name
   * @return the count and the checksum of the entries
   */
  CompletionStage<Tally> tally(String room);

  /**
   * Reads this server's entries in a room's list, and corrects what {@link #tally} counts.
   *
   * @param room the room's name
   * @return the entries; without those that this server made before it was declared dead
   */
  CompletionStage<Entries> entries(String room);

  /**
   * Reads the end of a room's order.
   *
   * @param room the room's name
   * @return the end; null if the room has no order
   */
  CompletionStage<@Nullable Cursor> end(String room);

  /**
   * Asks another server a question.
   *
   * @param peer the name of that server's run
   * @param question the question
   * @return the answer
   */
  CompletionStage<Json> ask(String peer, Json question);

  /**
   * Asks all other servers a question that at most one of them can answer.
   *
   * @param question the question
   * @return the answer; null if no server has one
   */
  CompletionStage<@Nullable Json> askAll(Json question);

  /**
   * Asks for the server of an HTTP client. A client without a server belongs to this one from now
   * on.
   *
   * @param client the client's id
   * @param ttl how long the client belongs to its server after the last such question
   * @return the name of the server's run
   */
  CompletionStage<String> claim(String client, Duration ttl);

  /**
   * Ends this server's claim to an HTTP client.
   *
   * @param client the client's id
   */
  void release(String client);

  /**
   * The owner of the entries that this server makes in lists of members: the name of its run, and
   * how often it was declared dead. The entries of an earlier owner are removed by other servers. A
   * change is followed by {@link Bus#connected}.
   *
   * @return the name of the owner
   */
  String owner();

  /**
   * The servers of the cluster that were alive a short while ago.
   *
   * @return the names of their runs, this server's own included while it is alive
   */
  List<String> peers();

  /**
   * How far this server's wall clock is ahead of the broker's, as of a short while ago.
   *
   * @return milliseconds, less than 0 if this server's clock is behind; 0 while it is not known
   */
  long clockSkew();

  /**
   * How long this server's lease lasts if it is not renewed.
   *
   * @return milliseconds, less than 0 if it is over; 0 before the first lease, or if there are none
   */
  default long leaseLeft() {
    return 0;
  }

  /**
   * How long the last request that renews this server's lease was under way; it is sent about once
   * a second.
   *
   * @return nanoseconds; -1 while it is not known
   */
  default long roundTrip() {
    return -1;
  }

  /**
   * The identity of the cluster, which its servers share and no other cluster has.
   *
   * @param proposed a random text, to be the identity if the store has none
   * @return the identity
   */
  default CompletionStage<String> identity(String proposed) {
    return CompletableFuture.completedStage(proposed);
  }

  /**
   * The events that wait for consumers. Asked for after {@link #start}.
   *
   * @return the feed; null if the broker has none, so that each server keeps its own events
   */
  default @Nullable SharedFeed feed() {
    return null;
  }

  /** Leaves the cluster. Blocks until the requests made before are done, or cannot be. */
  @Override
  void close();
}
