package io.earshot.hook;

import io.earshot.Permission;
import io.earshot.protocol.Json;

/**
 * A request that a hook decides about, or an event that a hook is notified of.
 *
 * <p>Immutable.
 *
 * @param subject the connection whose request it is
 * @param permission the permission that the request needs
 * @param message the message of a say; JSON's null for other requests
 */
public record Question(HookSubject subject, String room, Permission permission, Json message) {
  public Question(HookSubject subject, String room, Permission permission) {
    this(subject, room, permission, new Json.Null());
  }

  Question with(Json changed) {
    return new Question(subject, room, permission, changed);
  }
}
