package io.earshot.hook;

import io.earshot.Hooks;
import io.earshot.login.LoginHooks;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.RoomMessage;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The {@link Hooks} of one program or plug-in: adds hooks to the server's {@link HookRunner}, and
 * removes those that it has added.
 *
 * <p>Thread-safe: a concurrent set.
 */
public final class HookRegistry implements Hooks {
  private final HookRunner runner;
  private final LoginHooks logins;
  private final Set<Registration> added = ConcurrentHashMap.newKeySet();

  public HookRegistry(HookRunner runner, LoginHooks logins) {
    this.runner = runner;
    this.logins = logins;
  }

  @Override
  public Registration onConnect(ConnectHook hook) {
    return add(
        Hook.Kind.CONNECT,
        "*",
        hook,
        asked -> {
          hook.connect(asked.subject());
          return asked.message();
        });
  }

  @Override
  public Registration onConnect(ConnectRequestHook hook) {
    return add(
        Hook.Kind.CONNECT,
        "*",
        hook,
        asked -> {
          hook.connect(asked.subject(), Objects.requireNonNull(asked.connecting()));
          return asked.message();
        });
  }

  @Override
  public Registration onLogin(LoginHook hook) {
    logins.add(hook);
    return registered(() -> logins.remove(hook));
  }

  @Override
  public Registration onJoin(String rooms, JoinHook hook) {
    return add(
        Hook.Kind.JOIN,
        rooms,
        hook,
        asked -> {
          hook.join(new Join(asked.subject(), asked.room(), asked.permission()));
          return asked.message();
        });
  }

  @Override
  public Registration onJoined(String rooms, PresenceHook hook) {
    return presence(Hook.Kind.JOINED, rooms, hook);
  }

  @Override
  public Registration onSay(String rooms, SayHook hook) {
    return add(
        Hook.Kind.SAY,
        rooms,
        hook,
        asked -> {
          Object message = hook.say(new Say(asked.subject(), asked.room(), asked.message()));
          return message == asked.message() ? asked.message() : sayable(message);
        });
  }

  @Override
  public Registration afterSay(String rooms, SaidHook hook) {
    return add(
        Hook.Kind.SAID,
        rooms,
        hook,
        told -> {
          Cursor place = Objects.requireNonNull(told.place());
          hook.said(new Said(told.subject(), told.room(), told.message(), place));
          return told.message();
        });
  }

  @Override
  public Registration onLeave(String rooms, PresenceHook hook) {
    return presence(Hook.Kind.LEAVE, rooms, hook);
  }

  private Registration presence(Hook.Kind kind, String rooms, PresenceHook hook) {
    return add(
        kind,
        rooms,
        hook,
        asked -> {
          hook.tell(new Presence(asked.subject(), asked.room()));
          return asked.message();
        });
  }

  private Registration add(Hook.Kind kind, String rooms, Object hook, Hook.Body body) {
    Hook one = new Hook(kind, rooms, name(hook), body);
    runner.add(one);
    return registered(() -> runner.remove(one));
  }

  private Registration registered(Runnable remove) {
    var registration =
        new Registration() {
          @Override
          public void close() {
            added.remove(this);
            remove.run();
          }
        };
    added.add(registration);
    return registration;
  }

  /** The class of a hook; of a lambda, the class in which it is written. */
  private static String name(Object hook) {
    String name = hook.getClass().getName();
    int lambda = name.indexOf("$$");
    return lambda > 0 ? name.substring(0, lambda) : name;
  }

  @Override
  public void removeAll() {
    added.forEach(Registration::close);
  }

  /**
   * Converts a message of server code to JSON.
   *
   * @throws IllegalArgumentException if JSON cannot express the message. The caller's thread finds
   *     out, rather than the room's loop
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
