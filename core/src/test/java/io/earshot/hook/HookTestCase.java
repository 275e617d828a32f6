package io.earshot.hook;

import io.earshot.Config;
import io.earshot.Hooks;
import io.earshot.engine.EngineInside;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;

/** A server on manual loops, whose hooks run on their own threads. */
abstract class HookTestCase {
  static final Pattern SESSION = Pattern.compile("\"session\":\"([^\"]+)\"");

  TestServer server = new TestServer(2, config());

  /** Notes that hooks take, in order. */
  final Queue<String> told = new ConcurrentLinkedQueue<>();

  static Config config() {
    return TestServer.quiet().with("hooks.timeout", "10s");
  }

  Hooks hooks() {
    return server.earshot.api().hooks();
  }

  /** Lets the server run until a condition is met. */
  void await(String what, BooleanSupplier condition) {
    server.runUntil(what, condition);
  }

  /** Lets the server run until no question to hooks is left. */
  void rest() {
    server.settle();
    while (EngineInside.hooks(server.earshot).underWay() > 0) {
      await("hooks have answered", () -> EngineInside.hooks(server.earshot).underWay() == 0);
    }
  }

  /** Sends a line, waits for hooks, and returns the reply. */
  String ask(Guest guest, String line) {
    guest.hear();
    guest.send(line);
    rest();
    return guest.lines.stream()
        .filter(heard -> !heard.contains("\"context\":\"user\""))
        .reduce((a, b) -> b)
        .orElse("");
  }

  Guest guest(int loop) {
    Guest guest = server.guest(loop, TestServer.Lines.ONE);
    rest();
    return guest;
  }

  static String in(String room, String text) {
    return Talk.say(room, text);
  }

  /** Requests in JSON. */
  static final class Talk {
    private Talk() {}

    static String say(String room, String text) {
      return "{\"event\":\"say\",\"room\":\"" + room + "\",\"message\":\"" + text + "\"}";
    }

    static String add(String room) {
      return "{\"event\":\"roomAdd\",\"room\":\"" + room + "\"}";
    }

    static String leave(String room) {
      return "{\"event\":\"roomLeave\",\"room\":\"" + room + "\"}";
    }
  }

  List<String> told() {
    rest();
    var all = List.copyOf(told);
    told.clear();
    return all;
  }
}
