package io.earshot.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Runs loads on servers, in rotation, and writes down what comes of it. Each run has a server
 * process of its own.
 *
 * <p>Owned by the thread that runs it.
 */
final class Campaign {
  private static final int START_SECONDS = 60;
  private static final int PAUSE_MILLIS = 50;

  /** Below the ports that the kernel gives to clients. */
  private static final int LEAST_PORT = 20_000;

  private static final int MOST_PORT = 30_000;

  /** A machine that is left alone has less. */
  private static final double MOST_LOAD = 0.5;

  private static final double SETTLE_SECONDS = 2;
  private static final double HOLD_SECONDS = 2;

  private final Workshop workshop;
  private final RunFile file;
  private final PrintWriter progress;

  Campaign(Workshop workshop, RunFile file, PrintWriter progress) {
    this.workshop = workshop;
    this.file = file;
    this.progress = progress;
  }

  private record Step(int round, Cell cell, Peer peer) {}

  /** Runs all cells on all peers that can be had. */
  void run(List<Cell> cells, List<Peer> peers, int rounds)
      throws IOException, InterruptedException {
    writeFacts(cells, rounds);
    List<Peer> ready = prepared(peers);
    var steps = new ArrayList<Step>();
    for (int round = 1; round <= rounds; round++) {
      for (Cell cell : cells) {
        for (int i = 0; i < ready.size(); i++) {
          // Each round begins with another, so that nobody is always first.
          Peer peer = ready.get((i + round - 1) % ready.size());
          if (peer.door(cell) != null) {
            steps.add(new Step(round, cell, peer));
          }
        }
      }
    }
    if (!steps.isEmpty()) {
      warmUp(steps.getFirst());
    }
    for (int i = 0; i < steps.size(); i++) {
      Step step = steps.get(i);
      say(
          "["
              + (i + 1)
              + "/"
              + steps.size()
              + "] round "
              + step.round
              + ", "
              + step.cell.title()
              + ": "
              + step.peer.title()
              + " … ");
      Figures figures = measured(step);
      if (figures != null) {
        file.add(
            new Result(step.peer.title(), step.cell.name(), step.cell.at(), step.round, figures));
        say(summary(figures) + "\n");
      }
    }
  }

  private void writeFacts(List<Cell> cells, int rounds) throws IOException {
    file.addFact("machine", Machine.described(workshop.cores().count()));
    file.addFact("cores", workshop.cores().described());
    double load = Machine.load();
    if (load > MOST_LOAD) {
      say("the machine is busy (load %s): figures will not mean much\n".formatted(load));
    }
    file.addFact("load of the machine before it began", Double.toString(load));
    file.addFact("Java", Runtime.version() + " (" + System.getProperty("java.vm.name") + ")");
    file.addFact("Earshot's JVM flags", Machine.flags(workshop.root()));
    file.addFact(
        "rounds", rounds + ", round robin over the servers, a new server process for each run");
    var names = new LinkedHashMap<String, Cell>();
    cells.forEach(cell -> names.putIfAbsent(cell.name(), cell));
    for (Cell cell : names.values()) {
      file.addLoad(cell);
    }
  }

  private List<Peer> prepared(List<Peer> peers) throws IOException, InterruptedException {
    Map<Peer, String> versions = new LinkedHashMap<>();
    for (Peer peer : peers) {
      say("getting " + peer.title() + " ready … ");
      try {
        String version = peer.kit().prepare(workshop);
        versions.put(peer, version);
        file.addVersion(peer.title(), version);
        say(version + "\n");
      } catch (Unavailable e) {
        fail(peer.title(), String.valueOf(e.getMessage()));
      }
    }
    return List.copyOf(versions.keySet());
  }

  /** The generator's own code has to be compiled before it counts; this run is thrown away. */
  private void warmUp(Step step) throws IOException, InterruptedException {
    say("warming up the load generator … ");
    Cell cell =
        Cells.all().getFirst().with(new Crowd(500, 1, 5), Talk.closed(128, 50).lasting(1, 2));
    Figures figures = measured(new Step(0, cell, step.peer));
    if (figures != null) {
      say("done\n");
    }
  }

  private @Nullable Figures measured(Step step) throws IOException, InterruptedException {
    Transport door = step.peer.door(step.cell);
    if (door == null) {
      return null;
    }
    int port = freePort();
    Path log = workshop.folder().resolve("logs").resolve(step.peer.name() + ".log");
    List<String> command =
        workshop
            .cores()
            .pin(step.cell.eventLoops(), step.peer.kit().command(workshop, step.cell, door, port));
    // Not in the checkout: some servers write beside where they are started.
    Process server = workshop.children().start(command, workshop.folder(), log);
    try {
      awaitPort(server, port, log);
      Script script = step.peer.scripts().get(door);
      if (script == null) {
        throw new IllegalStateException(step.peer.name() + " has no script for " + door);
      }
      return measured(step.cell, script, server, port);
    } catch (IOException e) {
      String what = step.peer.title() + ", " + step.cell.title();
      fail(what, e.getMessage() + "; the server's last words: " + Children.lastLines(log));
      return null;
    } finally {
      workshop.children().stop(server);
    }
  }

  private Figures measured(Cell cell, Script script, Process server, int port) throws IOException {
    var gauge = new ProcessGauge(server.pid(), workshop.cores().ofServer(cell.eventLoops()));
    Talk talk = cell.talk();
    int size = talk == null ? Markers.LENGTH : talk.size();
    try (var generator = new Generator(script, port, cell.crowd(), size)) {
      if (talk == null) {
        return generator.hold(HOLD_SECONDS, gauge);
      }
      generator.join();
      generator.settle(SETTLE_SECONDS);
      return generator.talk(talk, gauge);
    }
  }

  private static void awaitPort(Process server, int port, Path log)
      throws IOException, InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (true) {
      try (var socket = new Socket()) {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
        return;
      } catch (IOException e) {
        if (!server.isAlive()) {
          throw new IOException("it ended while it was starting (" + log + ")", e);
        }
        if (System.nanoTime() > end) {
          throw new IOException("it does not listen after " + START_SECONDS + " s", e);
        }
      }
      if (server.waitFor(PAUSE_MILLIS, TimeUnit.MILLISECONDS)) {
        throw new IOException("it ended while it was starting (" + log + ")");
      }
    }
  }

  private static int freePort() throws IOException {
    while (true) {
      int port = ThreadLocalRandom.current().nextInt(LEAST_PORT, MOST_PORT);
      try (var socket = new ServerSocket(port)) {
        return socket.getLocalPort();
      } catch (BindException _) {
        // Somebody else's.
      }
    }
  }

  private static String summary(Figures figures) {
    if (figures.get(Figure.PER_CONNECTION).isPresent()) {
      return shown(figures, Figure.PER_CONNECTION) + ", " + shown(figures, Figure.RESIDENT);
    }
    String line =
        shown(figures, Figure.DELIVERIES)
            + ", "
            + shown(figures, Figure.CPU)
            + ", "
            + shown(figures, Figure.P99);
    if (figures.value(Figure.LOST) > 0) {
      line += ", " + shown(figures, Figure.LOST);
    }
    if (figures.value(Figure.DISCONNECTED) > 0) {
      line += ", " + shown(figures, Figure.DISCONNECTED);
    }
    return line;
  }

  private static String shown(Figures figures, Figure figure) {
    return figure.shown(figures.value(figure)) + " " + figure.key();
  }

  private void fail(String what, String why) throws IOException {
    String line = why.lines().map(String::strip).reduce((a, b) -> a + " " + b).orElse(why);
    file.addFailure(what, line);
    say("left out: " + line + "\n");
  }

  private void say(String text) {
    progress.print(text);
    progress.flush();
  }
}
