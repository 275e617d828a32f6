package io.earshot.bench;

import io.earshot.bench.cell.Cell;
import io.earshot.bench.cell.Cells;
import io.earshot.bench.cell.Curves;
import io.earshot.bench.peer.ChildProcesses;
import io.earshot.bench.peer.Cores;
import io.earshot.bench.peer.Environment;
import io.earshot.bench.peer.Peer;
import io.earshot.bench.report.Report;
import io.earshot.bench.report.Run;
import io.earshot.bench.report.RunFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * The command line of the bench.
 *
 * <p>Owned by the thread that parses the command line.
 */
@Command(
    name = "bench/run",
    sortOptions = false,
    header = "Measures Earshot and other servers, and writes a report.%n",
    footer = {
      "",
      "Cells:   W1 W1-cold W1x W1r W1r-cold W2-1k W2-10k pairs tens connects W3 W4 W1-tls W1r-tls",
      "         handshakes handshakes-resumed W3-tls W1r-deflate;",
      "         with growth: room-size rooms message-size event-loops",
      "Servers: bare bare-ack haproxy openssl earshot earshot-redis nats vertx ws socket.io",
      "         netty-socketio actionhero; with --before: earshot-before",
      "",
      "bench/README.md describes the cells, and how to read the report."
    })
final class BenchCommand implements Callable<Integer> {
  private static final int FAILED = 1;
  private static final int MISUSED = 2;
  private static final int ROUNDS = 3;

  /** The file of raw results. */
  private static final String RAW = "results.jsonl";

  /** The command line. */
  private final List<String> words;

  private final Path root;
  private final int cores;
  private final PrintWriter out;
  private final PrintWriter err;

  @Option(
      names = "--cells",
      split = ",",
      paramLabel = "CELL",
      scope = CommandLine.ScopeType.INHERIT,
      description = "only these cells, separated by commas")
  private @Nullable List<String> cells;

  @Option(
      names = "--servers",
      split = ",",
      paramLabel = "SERVER",
      scope = CommandLine.ScopeType.INHERIT,
      description = "only these servers, separated by commas (default: all; with growth: earshot)")
  private @Nullable List<String> servers;

  @Option(
      names = "--before",
      paramLabel = "CHECKOUT",
      scope = CommandLine.ScopeType.INHERIT,
      description = "also measure Earshot of this other checkout, as the server earshot-before")
  private @Nullable Path before;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      scope = CommandLine.ScopeType.INHERIT,
      description = "how often to measure each cell (default: 3; with --quick: 1)")
  private int rounds;

  @Option(
      names = "--seconds",
      paramLabel = "S",
      scope = CommandLine.ScopeType.INHERIT,
      description = "how long to measure each cell, in seconds (default: 4)")
  private double seconds;

  @Option(
      names = "--warm",
      paramLabel = "S",
      scope = CommandLine.ScopeType.INHERIT,
      description = "how long to send messages before that, in seconds (default: 1)")
  private double warm = 1;

  @Option(
      names = "--quick",
      scope = CommandLine.ScopeType.INHERIT,
      description = "one short round with fewer clients: a test of the bench, not a measurement")
  private boolean quick;

  @Option(
      names = "--out",
      paramLabel = "FOLDER",
      scope = CommandLine.ScopeType.INHERIT,
      description = "the folder for the report (default: target/bench/ and the time)")
  private @Nullable Path folder;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = CommandLine.ScopeType.INHERIT,
      description = "show this help")
  void help(boolean wanted) {}

  private BenchCommand(Path root, int cores, PrintWriter out, PrintWriter err, List<String> words) {
    this.words = words;
    this.root = root;
    this.cores = cores;
    this.out = out;
    this.err = err;
  }

  /**
   * Runs one command.
   *
   * @param root the root of the checkout
   * @param cores how many cores the machine has
   * @return the exit status: 0 success, 1 failure, 2 wrong arguments
   */
  static int run(Path root, int cores, PrintWriter out, PrintWriter err, String... args) {
    return new CommandLine(new BenchCommand(root, cores, out, err, List.of(args)))
        .setOut(out)
        .setErr(err)
        .setUsageHelpWidth(100)
        .setParameterExceptionHandler(
            (e, words) -> refuse(err, MISUSED, e.getMessage() + "; see bench/run --help"))
        .setExecutionExceptionHandler((e, line, parsed) -> failed(err, e))
        .execute(args);
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    return measure(Cells.all(), peers());
  }

  @Command(
      name = "growth",
      description =
          "measure how the cost of a delivery grows with rooms, members, sizes and event loops")
  int growth() throws IOException, InterruptedException {
    if (servers == null) {
      servers = List.of("earshot");
    }
    return measure(Curves.all(), peers());
  }

  /** All servers, and Earshot of another checkout if one is given. */
  private List<Peer> peers() {
    Path other = before;
    if (other == null) {
      return Peer.all();
    }
    if (!Files.isExecutable(other.resolve("earshot"))) {
      throw new IllegalArgumentException(other + " is no checkout of Earshot");
    }
    var all = new ArrayList<>(Peer.all());
    all.add(Peer.before(other));
    return all;
  }

  @Command(name = "report", description = "write the report of a run again, from its raw results")
  int report(@Parameters(paramLabel = "FILE", description = "its results.jsonl") Path file)
      throws IOException {
    Run run = existing(file);
    Path wanted = folder;
    Path where = wanted == null ? file.toAbsolutePath().resolveSibling("") : wanted;
    return written(Report.write(run, where));
  }

  @Command(
      name = "publish",
      description =
          "write the report of a run with its raw results to docs/performance, or to the folder of --out")
  int publish(@Parameters(paramLabel = "FILE", description = "its results.jsonl") Path file)
      throws IOException {
    Run run = existing(file);
    Path wanted = folder;
    Path where = wanted == null ? root.resolve("docs/performance") : wanted;
    Files.createDirectories(where);
    byte[] raw = Files.readAllBytes(file);
    Files.write(where.resolve(RAW), raw);
    return written(Report.write(run, where));
  }

  private static Run existing(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new IllegalArgumentException(
          "there is no file " + file + "; give the results.jsonl of a run");
    }
    return new RunFile(file).read();
  }

  private int written(Path page) {
    out.println(page);
    out.flush();
    return 0;
  }

  private int measure(List<Cell> allCells, List<Peer> allPeers)
      throws IOException, InterruptedException {
    List<Cell> chosen = chosen("cell", allCells, Cell::name, cells);
    List<Peer> peers = chosen("server", allPeers, Peer::name, withBefore(servers));
    var measured = new ArrayList<Cell>();
    for (Cell cell : chosen) {
      Cell one = quick ? Cells.quick(cell) : cell;
      double time = seconds > 0 ? seconds : quick ? 1 : 4;
      measured.add(one.lasting(warm, time));
    }
    int times = rounds > 0 ? rounds : quick ? 1 : ROUNDS;
    Path target = root.resolve("target/bench");
    String now =
        DateTimeFormatter.ofPattern("yyyy-MM-dd-HHmmss", Locale.ROOT)
            .format(LocalDateTime.now(ZoneId.systemDefault()));
    Path wanted = folder;
    Path results = (wanted == null ? target.resolve(now) : wanted).toAbsolutePath();
    var file = new RunFile(results.resolve(RAW));
    if (Files.exists(file.path())) {
      throw new IllegalArgumentException(
          file.path() + " exists already; give another folder to --out");
    }
    file.addFact("command", command(words));
    file.addFact("date", LocalDate.now(ZoneId.systemDefault()).toString());
    try (var processes = new ChildProcesses()) {
      var stop = new Thread(processes::close, "stop");
      Runtime.getRuntime().addShutdownHook(stop);
      var environment =
          new Environment(root, target.resolve("peers"), processes, Cores.find(cores));
      if (!environment.cores().pinned()) {
        err.println(environment.cores().described());
      }
      new Campaign(environment, file, err).run(measured, peers, times);
    }
    Run run = file.read();
    Path page = Report.write(run, results);
    out.print(Report.summary(run));
    out.println();
    out.println("report: " + page);
    out.flush();
    return run.results.isEmpty() ? FAILED : 0;
  }

  /** Whoever gives another checkout wants it measured, whatever other servers are named. */
  private @Nullable List<String> withBefore(@Nullable List<String> names) {
    if (names == null || before == null) {
      return names;
    }
    var more = new ArrayList<>(names);
    more.add("earshot-before");
    return more;
  }

  /** The command line without folders of this machine, which say nothing to others. */
  static String command(List<String> words) {
    var kept = new ArrayList<>(List.of("bench/run"));
    for (int i = 0; i < words.size(); i++) {
      String word = words.get(i);
      if (word.equals("--out")) {
        i++;
      } else if (word.equals("--before") || word.startsWith("--before=")) {
        kept.add("--before=CHECKOUT");
        i += word.equals("--before") ? 1 : 0;
      } else if (!word.startsWith("--out=")) {
        kept.add(word);
      }
    }
    return String.join(" ", kept);
  }

  private static <T> List<T> chosen(
      String what, List<T> all, Function<T, String> name, @Nullable List<String> names) {
    if (names == null) {
      return all;
    }
    for (String wanted : names) {
      if (all.stream().noneMatch(each -> name.apply(each).equalsIgnoreCase(wanted))) {
        String known = String.join(", ", all.stream().map(name).distinct().toList());
        throw new IllegalArgumentException(
            "there is no " + what + " '" + wanted + "'; there are: " + known);
      }
    }
    return all.stream()
        .filter(each -> names.stream().anyMatch(name.apply(each)::equalsIgnoreCase))
        .toList();
  }

  private static int failed(PrintWriter err, Exception e) throws Exception {
    return switch (e) {
      case IllegalArgumentException wrong -> refuse(err, MISUSED, wrong.getMessage());
      case IOException failed -> refuse(err, FAILED, failed.getMessage());
      default -> throw e;
    };
  }

  private static int refuse(PrintWriter err, int status, @Nullable String reason) {
    err.println("bench: " + reason);
    err.flush();
    return status;
  }
}
