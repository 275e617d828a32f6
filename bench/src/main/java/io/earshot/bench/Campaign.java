package io.earshot.bench;

import io.earshot.bench.cell.Cell;
import io.earshot.bench.cell.Cells;
import io.earshot.bench.load.Arrivals;
import io.earshot.bench.load.Generator;
import io.earshot.bench.load.Script;
import io.earshot.bench.metric.Measurements;
import io.earshot.bench.metric.Metric;
import io.earshot.bench.metric.ProcessGauge;
import io.earshot.bench.peer.ChildProcesses;
import io.earshot.bench.peer.Environment;
import io.earshot.bench.peer.Peer;
import io.earshot.bench.peer.UnavailableException;
import io.earshot.bench.report.Result;
import io.earshot.bench.report.RunFile;
import io.earshot.bench.tls.HandshakeGenerator;
import io.earshot.bench.work.Connects;
import io.earshot.bench.work.Handshakes;
import io.earshot.bench.work.Idle;
import io.earshot.bench.work.Traffic;
import io.earshot.bench.work.Transport;
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
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Measures servers under loads, in rotation, and records the results. Each run has its own server
 * process.
 *
 * <p>Owned by the thread that runs it.
 */
final class Campaign {
  private static final int START_SECONDS = 60;
  private static final int PAUSE_MILLIS = 50;

  /** The range of ports for servers, below those that the kernel gives to clients. */
  private static final int LEAST_PORT = 20_000;

  private static final int MOST_PORT = 30_000;

  /** The highest load average of an idle machine. */
  private static final double MOST_LOAD = 0.5;

  private static final double SETTLE_SECONDS = 2;
  private static final double HOLD_SECONDS = 2;

  private final Environment environment;
  private final RunFile file;
  private final PrintWriter progress;

  Campaign(Environment environment, RunFile file, PrintWriter progress) {
    this.environment = environment;
    this.file = file;
    this.progress = progress;
  }

  private record Step(int round, Cell cell, Peer peer) {}

  /** Runs all cells on all peers that are available. */
  void run(List<Cell> cells, List<Peer> peers, int rounds)
      throws IOException, InterruptedException {
    writeFacts(cells, rounds);
    List<Peer> ready = prepared(peers);
    List<Cell> possible = possible(cells);
    var steps = new ArrayList<Step>();
    for (int round = 1; round <= rounds; round++) {
      for (Cell cell : possible) {
        for (int i = 0; i < ready.size(); i++) {
          // Each round begins with another peer, so that none is always first.
          Peer peer = ready.get((i + round - 1) % ready.size());
          if (peer.transport(cell) != null) {
            steps.add(new Step(round, cell, peer));
          }
        }
      }
    }
    writeLeftOut(possible, ready);
    warmUp(steps);
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
      Measurements measurements = measured(step);
      if (measurements != null) {
        file.add(
            new Result(
                step.peer.title(), step.cell.name(), step.cell.at(), step.round, measurements));
        say(summary(measurements) + "\n");
      }
    }
  }

  private void writeFacts(List<Cell> cells, int rounds) throws IOException {
    file.addFact("machine", Machine.described(environment.cores().count()));
    file.addFact("cores", environment.cores().described());
    double load = Machine.load();
    if (load > MOST_LOAD) {
      say("the machine is busy (load %s): the results will not be reliable\n".formatted(load));
    }
    file.addFact("load average before the run", Double.toString(load));
    file.addFact("Java", Runtime.version() + " (" + System.getProperty("java.vm.name") + ")");
    file.addFact("Earshot's JVM flags", Machine.flags(environment.root()));
    file.addFact(
        "rounds", rounds + ", round robin over the servers, a new server process for each run");
    var names = new LinkedHashMap<String, Cell>();
    cells.forEach(cell -> names.putIfAbsent(cell.name(), cell));
    for (Cell cell : names.values()) {
      file.addLoad(cell, titleOf(cell.reference()));
    }
  }

  private static String titleOf(String peer) {
    return Peer.all().stream()
        .filter(each -> each.name().equals(peer))
        .findFirst()
        .map(Peer::title)
        .orElseThrow();
  }

  private List<Peer> prepared(List<Peer> peers) throws IOException, InterruptedException {
    Map<Peer, String> versions = new LinkedHashMap<>();
    for (Peer peer : peers) {
      say("preparing " + peer.title() + " … ");
      try {
        String version = peer.launcher().prepare(environment);
        versions.put(peer, version);
        file.addVersion(peer.title(), version);
        say(version + "\n");
      } catch (UnavailableException e) {
        fail(peer.title(), String.valueOf(e.getMessage()));
      }
    }
    return List.copyOf(versions.keySet());
  }

  /** Names the servers that do not take part in the cells for TLS and compression. */
  private void writeLeftOut(List<Cell> cells, List<Peer> peers) throws IOException {
    for (Peer peer : peers) {
      String without =
          cells.stream()
              .filter(
                  cell -> cell.transport().isEncrypted() || cell.transport() == Transport.DEFLATE)
              .filter(cell -> peer.transport(cell) == null)
              .map(Cell::name)
              .collect(Collectors.joining(", "));
      if (!without.isEmpty()) {
        file.addFailure(
            peer.title() + ", " + without,
            "the bench does not set it up for these loads; bench/README.md says which servers it does");
      }
    }
  }

  /** Without the cells for TLS if there is no certificate. */
  private List<Cell> possible(List<Cell> cells) throws IOException, InterruptedException {
    if (cells.stream().noneMatch(cell -> cell.transport().isEncrypted())) {
      return cells;
    }
    try {
      environment.makeCertificate();
      return cells;
    } catch (UnavailableException e) {
      fail("TLS", String.valueOf(e.getMessage()));
      return cells.stream().filter(cell -> !cell.transport().isEncrypted()).toList();
    }
  }

  /**
   * Lets the JIT compile the generator before the first measurement, by one step of each kind.
   * Discards the results.
   */
  private void warmUp(List<Step> steps) throws IOException, InterruptedException {
    var kinds = new LinkedHashMap<String, Step>();
    for (Step step : steps) {
      if (!(step.cell.work() instanceof Idle)) {
        String kind = step.cell.work().getClass().getName() + step.peer.transport(step.cell);
        kinds.putIfAbsent(kind, step);
      }
    }
    for (Step step : kinds.values()) {
      say("warming up the load generator, " + step.cell.title() + " … ");
      if (measured(new Step(0, Cells.warmUp(step.cell), step.peer)) != null) {
        say("done\n");
      }
    }
  }

  private @Nullable Measurements measured(Step step) throws IOException, InterruptedException {
    Transport transport = step.peer.transport(step.cell);
    if (transport == null) {
      return null;
    }
    int port = freePort();
    Path log = environment.folder().resolve("logs").resolve(step.peer.name() + ".log");
    List<String> command =
        environment
            .cores()
            .pin(
                step.cell.eventLoops(),
                step.peer.launcher().command(environment, step.cell, transport, port));
    // Outside the checkout, since some servers write into the working directory.
    Process server = environment.processes().start(command, environment.folder(), log);
    try {
      awaitPort(server, port, log);
      Script script = step.peer.scripts().get(transport);
      if (script == null) {
        throw new IllegalStateException(step.peer.name() + " has no script for " + transport);
      }
      return measured(step.cell, script, transport, server, port);
    } catch (IOException e) {
      String what = step.peer.title() + ", " + step.cell.title();
      fail(
          what, e.getMessage() + "; the end of the server's log: " + ChildProcesses.lastLines(log));
      return null;
    } finally {
      environment.processes().stop(server);
    }
  }

  private Measurements measured(
      Cell cell, Script script, Transport transport, Process server, int port) throws IOException {
    var gauge = new ProcessGauge(server.pid(), environment.cores().ofServer(cell.eventLoops()));
    return switch (cell.work()) {
      case Handshakes handshakes -> {
        try (var generator =
            new HandshakeGenerator(handshakes, port, cell.population().connections())) {
          yield generator.run(gauge);
        }
      }
      case Connects connects ->
          new Arrivals(script, transport, port, cell.population()).measure(connects, gauge);
      case Idle _ -> {
        try (var generator =
            new Generator(script, transport, port, cell.population(), Traffic.LEAST_SIZE)) {
          yield generator.hold(HOLD_SECONDS, gauge);
        }
      }
      case Traffic traffic -> {
        try (var generator =
            new Generator(script, transport, port, cell.population(), traffic.size())) {
          generator.join();
          if (!traffic.isCold()) {
            generator.settle(SETTLE_SECONDS);
          }
          yield generator.run(traffic, gauge);
        }
      }
    };
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
          throw new IOException("the server ended during its start (" + log + ")", e);
        }
        if (System.nanoTime() > end) {
          throw new IOException("the server does not listen after " + START_SECONDS + " s", e);
        }
      }
      if (server.waitFor(PAUSE_MILLIS, TimeUnit.MILLISECONDS)) {
        throw new IOException("the server ended during its start (" + log + ")");
      }
    }
  }

  private static int freePort() throws IOException {
    while (true) {
      int port = ThreadLocalRandom.current().nextInt(LEAST_PORT, MOST_PORT);
      try (var socket = new ServerSocket(port)) {
        return socket.getLocalPort();
      } catch (BindException _) {
        // Another process has this port.
      }
    }
  }

  private static String summary(Measurements measurements) {
    if (measurements.get(Metric.CONNECT_CPU).isPresent()) {
      return Metric.CONNECT_METRICS.stream()
          .map(metric -> shown(measurements, metric))
          .collect(Collectors.joining(", "));
    }
    if (measurements.get(Metric.PER_CONNECTION).isPresent()) {
      return shown(measurements, Metric.PER_CONNECTION)
          + ", "
          + shown(measurements, Metric.RESIDENT);
    }
    String line =
        shown(measurements, Metric.DELIVERIES)
            + ", "
            + shown(measurements, Metric.CPU)
            + ", "
            + shown(measurements, Metric.P99);
    if (measurements.value(Metric.LOST) > 0) {
      line += ", " + shown(measurements, Metric.LOST);
    }
    if (measurements.value(Metric.DISCONNECTED) > 0) {
      line += ", " + shown(measurements, Metric.DISCONNECTED);
    }
    return line;
  }

  private static String shown(Measurements measurements, Metric metric) {
    return metric.shown(measurements.value(metric)) + " " + metric.key();
  }

  private void fail(String what, String why) throws IOException {
    // The report is published, and the path of the checkout says nothing to its readers.
    String inside = why.replace(environment.root() + "/", "");
    String line = inside.lines().map(String::strip).reduce((a, b) -> a + " " + b).orElse(inside);
    file.addFailure(what, line);
    say("left out: " + line + "\n");
  }

  private void say(String text) {
    progress.print(text);
    progress.flush();
  }
}
