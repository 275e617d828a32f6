package io.earshot.hook;

import io.earshot.Hooks;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.RoomMessage;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** What {@link Hooks} says, done. */
public final class HookRegistry implements Hooks {
  private final HookRunner runner;
  private final Set<Registration> added = ConcurrentHashMap.newKeySet();

  public HookRegistry(HookRunner runner) {
    this.runner = runner;
  }

  @Override
  public Registration onConnect(ConnectHook hook) {
    return add(
        HookRunner.Kind.CONNECT,
        "*",
        hook,
        asked -> {
          hook.connect(asked.who());
          return asked.message();
        });
  }

  @Override
  public Registration onJoin(String rooms, JoinHook hook) {
    return add(
        HookRunner.Kind.JOIN,
        rooms,
        hook,
        asked -> {
          hook.join(new Join(asked.who(), asked.room(), asked.what()));
          return asked.message();
        });
  }

  @Override
  public Registration onJoined(String rooms, PresenceHook hook) {
    return presence(HookRunner.Kind.JOINED, rooms, hook);
  }

  @Override
  public Registration onSay(String rooms, SayHook hook) {
    return add(
        HookRunner.Kind.SAY,
        rooms,
        hook,
        asked -> {
          Object message = hook.say(new Say(asked.who(), asked.room(), asked.message()));
          return message == asked.message() ? asked.message() : sayable(message);
        });
  }

  @Override
  public Registration onLeave(String rooms, PresenceHook hook) {
    return presence(HookRunner.Kind.LEAVE, rooms, hook);
  }

  private Registration presence(HookRunner.Kind kind, String rooms, PresenceHook hook) {
    return add(
        kind,
        rooms,
        hook,
        asked -> {
          hook.tell(new Presence(asked.who(), asked.room()));
          return asked.message();
        });
  }

  private Registration add(HookRunner.Kind kind, String rooms, Object hook, HookRunner.Body body) {
    HookRunner.Hook one = new HookRunner.Hook(kind, rooms, hook.getClass().getName(), body);
    runner.add(one);
    var registration =
        new Registration() {
          @Override
          public void close() {
            added.remove(this);
            runner.remove(one);
          }
        };
    added.add(registration);
    return registration;
  }

  @Override
  public void removeAll() {
    added.forEach(Registration::close);
  }

  /**
   * What server code wants to be told, as JSON.
   *
   * @throws IllegalArgumentException if it cannot be said; here, rather than on the room's loop
   */
  public static Json sayable(@Nullable Object message) {
    if (message == null) {
      throw new IllegalArgumentException(
          "a message is required; for JSON's null give new Json.Null()");
    }
    Json json = Json.from(message);
    new RoomMessage(json, "", json, 0, new Cursor("", 0)).encode();
    return json;
  }
}
