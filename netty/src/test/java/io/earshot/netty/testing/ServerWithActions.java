package io.earshot.netty.testing;

import io.earshot.Action;
import io.earshot.Call;
import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import java.util.List;

/** A server with two actions for tests of HTTP: {@code echo} and {@code broken}. */
public final class ServerWithActions extends ServerAndClients {

  /** Starts a server with default settings. */
  public ServerWithActions() {
    restart();
  }

  /**
   * Starts a server instead of the one of before.
   *
   * @param settings each as {@code PATH=VALUE}
   */
  public void restart(String... settings) {
    EarshotServer started = start(Kind.LEAN_LINES, Config.defaults(), settings);
    started.api().actions().add(new Echo());
    started.api().actions().add(new Broken());
  }

  /** The URL of a request to the chat. */
  public static String chat(String rest) {
    return "/chat/?method=" + rest;
  }

  /** Answers with its params. */
  private static final class Echo implements Action {
    @Override
    public List<String> optional() {
      return List.of("x", "y");
    }

    @Override
    public void run(Call call) {
      call.put("echo", List.copyOf(call.params().values()));
    }
  }

  /** Throws. */
  private static final class Broken implements Action {
    @Override
    public void run(Call call) {
      throw new IllegalStateException("planted");
    }
  }
}
