package io.earshot;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Keeps order among clients: sends them away, keeps them out, silences them, and closes rooms. All
 * of it holds on all servers of a cluster, and on those that start later; without one, a restart
 * forgets it.
 *
 * <p>What was decided holds on this server when a call returns. Its stage completes when the others
 * can know it, and fails if they cannot be reached; then they are told when they can be.
 *
 * <p>Thread-safe: callable from any thread, and nothing here blocks.
 */
public interface Moderation {
  /** The longest that something may hold. */
  Duration LONGEST = Duration.ofDays(366);

  /** The longest reason, in characters. */
  int LONGEST_REASON = 200;

  /**
   * Says goodbye to a client and ends its connection, on whichever server of the cluster it is. It
   * may come again.
   *
   * @param id its public id
   * @param reason the reason that the client is told
   * @return whether there is such a client; failed if the other servers cannot be asked
   */
  CompletionStage<Boolean> kick(String id, String reason);

  /**
   * Sends clients away at once, and refuses them while it holds: at connecting, at each request
   * over HTTP, and when they show by a token who they are.
   *
   * @param target whom
   * @param time for how long, up to {@link #LONGEST}
   * @param reason why, as they are told; up to {@link #LONGEST_REASON} characters
   * @return the ban; failed with a {@link RefusedException} if too many measures hold
   * @throws IllegalArgumentException if time or reason are out of bounds
   */
  CompletionStage<Measure> ban(Target target, Duration time, String reason);

  /**
   * Lets clients say nothing while it holds. They are told when they try.
   *
   * @param target whom
   * @param room where, or null for everywhere
   * @param time for how long, up to {@link #LONGEST}
   * @param reason why, as they are told; up to {@link #LONGEST_REASON} characters
   * @return the mute; failed with a {@link RefusedException} if too many measures hold
   * @throws IllegalArgumentException if time or reason are out of bounds, or that is no room's name
   */
  CompletionStage<Measure> mute(Target target, @Nullable String room, Duration time, String reason);

  /**
   * Sends everybody out of a room: its members to the default room, those who only listen nowhere,
   * and streams away. They are told.
   *
   * @param room its name
   * @param time for how long nobody may come in, say something there or listen; zero if they may at
   *     once
   * @param reason why, as they are told; up to {@link #LONGEST_REASON} characters
   * @return the closure; failed with a {@link RefusedException} if too many measures hold
   * @throws IllegalArgumentException if it is the default room or no room's name, or time or reason
   *     are out of bounds
   */
  CompletionStage<Measure> closeRoom(String room, Duration time, String reason);

  /**
   * Ends a ban, a mute, or the time for which a room is closed.
   *
   * @param id what it is called
   * @return whether there was one that held
   */
  CompletionStage<Boolean> lift(String id);

  /**
   * Whom may not be connected.
   *
   * @return the bans that hold
   */
  List<Measure> bans();

  /**
   * Who may not say anything.
   *
   * @return the mutes that hold
   */
  List<Measure> mutes();

  /**
   * Which rooms are closed.
   *
   * @return the closures that hold
   */
  List<Measure> closures();

  /**
   * Finds a measure that holds.
   *
   * @param id what it is called
   * @return the measure, or null
   */
  @Nullable Measure find(String id);
}
