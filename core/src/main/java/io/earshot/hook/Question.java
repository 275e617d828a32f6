package io.earshot.hook;

import io.earshot.Hooks;
import io.earshot.Permission;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import org.jspecify.annotations.Nullable;

/**
 * A request that a hook decides about, or an event that a hook is notified of.
 *
 * <p>Immutable.
 *
 * @param subject the connection whose request it is
 * @param permission the permission that the request needs
 * @param message the message of a say; JSON's null for other requests
 * @param connecting what a new client has sent; null for other requests
 * @param place the place of a message that was said; null for other requests
 */
public record Question(
    HookSubject subject,
    String room,
    Permission permission,
    Json message,
    Hooks.@Nullable Connecting connecting,
    @Nullable Cursor place) {
  public Question(HookSubject subject, String room, Permission permission) {
    this(subject, room, permission, new Json.Null());
  }

  public Question(HookSubject subject, String room, Permission permission, Json message) {
    this(subject, room, permission, message, null, null);
  }

  /** A message that was said. */
  public Question(HookSubject subject, String room, Json message, Cursor place) {
    this(subject, room, Permission.SAY, message, null, place);
  }

  /** A new connection. */
  public Question(HookSubject subject, Hooks.Connecting connecting) {
    this(subject, subject.room(), Permission.JOIN, new Json.Null(), connecting, null);
  }

  Question with(Json changed) {
    return new Question(subject, room, permission, changed, connecting, place);
  }
}
