package io.earshot;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Bans and mutes clients, and closes rooms. A measure is in force on all servers of a cluster, also
 * on servers that start later. Without a cluster a restart of the server forgets all measures.
 *
 * <p>A measure is in force on this server when the call returns. The returned stage completes, on
 * any thread, when the other servers can read it. It fails if they cannot be reached; then they
 * learn of the measure later.
 *
 * <p>Thread-safe: callable from any thread, and nothing here blocks.
 */
public interface Moderation {
  /** The longest time of a measure. */
  Duration LONGEST = Duration.ofDays(366);

  /** The longest reason, in characters. */
  int LONGEST_REASON = 200;

  /**
   * Disconnects a client of any server of the cluster. It may connect again.
   *
   * @param id the public id of the client
   * @param reason the reason that the client receives; up to {@link #LONGEST_REASON} characters
   * @return whether there is such a client; failed if the other servers cannot be asked
   * @throws IllegalArgumentException if the reason is too long or has control characters
   */
  CompletionStage<Boolean> kick(String id, String reason);

  /**
   * Bans clients: disconnects them at once, and refuses their connections, HTTP requests, and
   * tokens while the ban is in force.
   *
   * @param target the clients
   * @param time how long the ban is in force, up to {@link #LONGEST}
   * @param reason the reason that the clients receive; up to {@link #LONGEST_REASON} characters
   * @return the ban; failed with a {@link RefusedException} if too many measures are in force
   * @throws IllegalArgumentException if time or reason are out of bounds
   */
  CompletionStage<Measure> ban(Target target, Duration time, String reason);

  /**
   * Mutes clients: refuses what they say while the mute is in force.
   *
   * @param target the clients
   * @param room the room in which they are muted, or null for all rooms
   * @param time how long the mute is in force, up to {@link #LONGEST}
   * @param reason the reason that the clients receive; up to {@link #LONGEST_REASON} characters
   * @return the mute; failed with a {@link RefusedException} if too many measures are in force
   * @throws IllegalArgumentException if time or reason are out of bounds, or the room's name is not
   *     valid
   */
  CompletionStage<Measure> mute(Target target, @Nullable String room, Duration time, String reason);

  /**
   * Closes a room: moves its members to the default room, ends listening, and disconnects streams.
   * Each client receives a notice. While the closure is in force, no client may join the room,
   * listen to it, or send messages to it.
   *
   * @param room the room's name
   * @param time how long the closure is in force, up to {@link #LONGEST}; zero to empty the room
   *     only
   * @param reason the reason that the clients receive; up to {@link #LONGEST_REASON} characters
   * @return the closure; failed with a {@link RefusedException} if too many measures are in force
   * @throws IllegalArgumentException if it is the default room, the room's name is not valid, or
   *     time or reason are out of bounds
   */
  CompletionStage<Measure> closeRoom(String room, Duration time, String reason);

  /**
   * Ends a ban, a mute, or a closure.
   *
   * @param id the id of the measure
   * @return whether the measure was in force
   */
  CompletionStage<Boolean> lift(String id);

  /**
   * All bans.
   *
   * @return the bans in force
   */
  List<Measure> bans();

  /**
   * All mutes.
   *
   * @return the mutes in force
   */
  List<Measure> mutes();

  /**
   * All closed rooms.
   *
   * @return the closures in force
   */
  List<Measure> closures();

  /**
   * Finds a measure.
   *
   * @param id the id of the measure
   * @return the measure, or null if none with that id is in force
   */
  @Nullable Measure find(String id);
}
