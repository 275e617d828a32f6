package io.earshot.hook;

import io.earshot.hook.Hook.Kind;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The hooks of each kind for one room, or for all rooms.
 *
 * <p>Immutable.
 *
 * @param of the hooks of the server at the time of the lookup; another list means that the lookup
 *     is out of date
 */
public record RoomHooks(
    List<Hook> of,
    List<Hook> connects,
    List<Hook> joins,
    List<Hook> joineds,
    List<Hook> says,
    List<Hook> saids,
    List<Hook> leaves) {
  public static final RoomHooks NONE =
      new RoomHooks(List.of(), List.of(), List.of(), List.of(), List.of(), List.of(), List.of());

  /** Selects the hooks that are for a room, or all if the room is null. */
  static RoomHooks of(List<Hook> hooks, @Nullable String room) {
    return hooks.isEmpty()
        ? NONE
        : new RoomHooks(
            hooks,
            of(hooks, room, Kind.CONNECT),
            of(hooks, room, Kind.JOIN),
            of(hooks, room, Kind.JOINED),
            of(hooks, room, Kind.SAY),
            of(hooks, room, Kind.SAID),
            of(hooks, room, Kind.LEAVE));
  }

  private static List<Hook> of(List<Hook> hooks, @Nullable String room, Kind kind) {
    return hooks.stream()
        .filter(hook -> hook.kind() == kind && (room == null || hook.isFor(room)))
        .toList();
  }
}
