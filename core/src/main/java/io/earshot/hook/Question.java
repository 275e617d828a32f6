package io.earshot.hook;

import io.earshot.Permission;
import io.earshot.protocol.Json;

/**
 * What a hook decides about, or learns.
 *
 * <p>Immutable.
 *
 * @param subject the connection whose request it is
 * @param permission what the request needs
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
