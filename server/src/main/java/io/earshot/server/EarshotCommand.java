package io.earshot.server;

import io.earshot.Config;
import io.earshot.access.RoomRules;
import io.earshot.protocol.RoomName;
import io.earshot.server.log.Log;
import io.earshot.server.log.OneLine;
import io.earshot.server.remote.DrainCommand;
import io.earshot.server.remote.ExplainCommand;
import io.earshot.server.remote.HealthCommand;
import io.earshot.server.remote.TopCommand;
import io.earshot.server.remote.TraceCommand;
import io.earshot.server.settings.Assignment;
import io.earshot.server.settings.Environment;
import io.earshot.server.settings.Settings;
import io.earshot.server.settings.SettingsException;
import io.earshot.server.settings.SettingsFile;
import io.earshot.server.settings.SettingsPage;
import io.earshot.server.settings.StartException;
import java.io.Console;
import java.io.PrintWriter;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The command line. Options may stand before or after a command. Of two options that set the same
 * setting the later one counts.
 *
 * <p>Owned by the thread that parses the command line.
 */
@Command(
    name = "earshot",
    versionProvider = VersionOption.class,
    synopsisSubcommandLabel =
        "[serve | top | explain | trace | drain | health | config | token | cert | build | bench | help]",
    sortOptions = false,
    header = "A real-time room server: it sends each message to all members of a room.%n",
    footer = {
      "",
      "The default command is serve. In a folder of the source, ./earshot build only builds the",
      "server, and ./earshot bench measures how many clients and messages it takes (./earshot bench",
      "--help). In a package, earshot prepare makes a cache for faster starts.",
      "",
      "Settings come from the built-in defaults, the file, environment variables",
      "(EARSHOT_TCPSERVER_PORT=5001 sets tcpServer.port), and options; each overrides those before.",
      "Times are numbers with ms, s, m or h; a number without a unit is in milliseconds.",
      "",
      "The launcher reads EARSHOT_JAVA_OPTS (options of the JVM); in a folder of the source also",
      "EARSHOT_JAVA_HOME (the JDK to use) and EARSHOT_TRACE (1: print each step of the launcher).",
      "",
      "Exit status: 0 stopped by a signal, 1 cannot start, 2 a setting or an option is wrong."
    })
final class EarshotCommand implements Callable<Integer> {
  private static final int CANNOT_START = 1;
  private static final int MISUSED = 2;
  private static final String HINT = "; ./earshot help shows what there is";

  private final Map<String, String> environment;
  private final PrintWriter out;
  private final List<Assignment> options = new ArrayList<>();
  private @Nullable Path file;

  private EarshotCommand(Map<String, String> environment, PrintWriter out) {
    this.environment = environment;
    this.out = out;
  }

  /**
   * Runs one command.
   *
   * @param environment the environment variables
   * @param out for the output of the command
   * @param err for the error, on one line
   * @param args the arguments after {@code earshot}
   * @return the exit status
   */
  static int run(
      Map<String, String> environment, PrintWriter out, PrintWriter err, String... args) {
    var command = new EarshotCommand(environment, out);
    if (args.length == 0) {
      return command.withoutArguments(err);
    }
    return command
        .commandLine()
        .setOut(out)
        .setErr(err)
        .setUsageHelpWidth(100)
        .setOverwrittenOptionsAllowed(true)
        .setExpandAtFiles(false)
        .setParameterExceptionHandler((e, ignored) -> refuse(err, MISUSED, message(e)))
        .setExecutionExceptionHandler((e, ignored, parsed) -> failed(err, e))
        .execute(args);
  }

  @Option(
      names = "--redis",
      order = 5,
      paramLabel = "URL",
      scope = ScopeType.INHERIT,
      description = "share rooms with all servers that use this Redis")
  void redis(String url) {
    options.add(new Assignment("redis.url", url, "command line, --redis"));
  }

  @Option(
      names = "--actions",
      order = 6,
      paramLabel = "FOLDER",
      scope = ScopeType.INHERIT,
      description = "add the actions in this folder: .java files and jars")
  void actions(String folder) {
    options.add(new Assignment("general.actionsFolder", folder, "command line, --actions"));
  }

  @Option(
      names = "--dev",
      order = 7,
      scope = ScopeType.INHERIT,
      description = "reload the actions folder when it changes")
  void dev(boolean wanted) {
    options.add(
        new Assignment("general.developmentMode", String.valueOf(wanted), "command line, --dev"));
  }

  @Option(
      names = "--config",
      order = 8,
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      description = "read settings from this YAML file")
  void config(Path given) throws SettingsException {
    if (file != null) {
      throw new SettingsException("command line, --config: give only one file");
    }
    file = given;
  }

  @Option(
      names = "--set",
      order = 9,
      paramLabel = "KEY=VALUE",
      scope = ScopeType.INHERIT,
      description = "set one setting, such as general.defaultChatRoom=lobby; may be repeated")
  void set(String given) throws SettingsException {
    int equals = given.indexOf('=');
    if (equals < 1) {
      throw new SettingsException(
          "command line, --set "
              + name(given)
              + ": write it as key=value, such as tcpServer.port=5001");
    }
    String path = given.substring(0, equals);
    options.add(new Assignment(path, given.substring(equals + 1), "command line, --set " + path));
  }

  /** The name at the start of an option's value; the rest may be a secret. */
  private static String name(String given) {
    return given.matches("=.{0,3}") ? given : given.replaceFirst("[^A-Za-z.].*", "");
  }

  @Option(
      names = "--tcp",
      order = 1,
      paramLabel = "PORT",
      scope = ScopeType.INHERIT,
      description = "the port for TCP clients; 0: any free port")
  void tcp(String port) {
    options.add(new Assignment("tcpServer.port", port, "command line, --tcp"));
  }

  @Option(
      names = "--http",
      order = 2,
      paramLabel = "PORT",
      scope = ScopeType.INHERIT,
      description = "the port for HTTP and WebSocket; 0: any free port")
  void http(String port) {
    options.add(new Assignment("httpServer.port", port, "command line, --http"));
  }

  @Option(
      names = "--bind",
      order = 3,
      paramLabel = "ADDRESS",
      scope = ScopeType.INHERIT,
      description = "listen on this address only, such as 127.0.0.1")
  void bind(String address) {
    options.add(new Assignment("tcpServer.bindIP", address, "command line, --bind"));
    options.add(new Assignment("httpServer.bindIP", address, "command line, --bind"));
  }

  @Option(
      names = "--id",
      order = 4,
      paramLabel = "NAME",
      scope = ScopeType.INHERIT,
      description = "the name of this server process")
  void id(String name) {
    options.add(new Assignment("general.id", name, "command line, --id"));
  }

  @Option(
      names = {"-h", "--help"},
      order = 10,
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "show this help")
  void help(boolean wanted) {}

  @Option(
      names = {"-V", "--version"},
      order = 11,
      versionHelp = true,
      description = "show the version")
  void version(boolean wanted) {}

  @SuppressWarnings("SystemConsoleNull") // the API still permits null
  private static boolean isTerminal() {
    Console console = System.console();
    return console != null && console.isTerminal();
  }

  private CommandLine commandLine() {
    return new CommandLine(this)
        .addSubcommand(new DrainCommand(environment, out))
        .addSubcommand(new ExplainCommand(environment, out))
        .addSubcommand(new HealthCommand(environment, out))
        .addSubcommand(new TopCommand(environment, out, isTerminal()))
        .addSubcommand(new TraceCommand(environment, out));
  }

  /** Starts the server without loading the parser of the command line, which takes time. */
  private int withoutArguments(PrintWriter err) {
    try {
      return call();
    } catch (SettingsException e) {
      return refuse(err, MISUSED, e.getMessage());
    } catch (StartException e) {
      return refuse(err, CANNOT_START, e.getMessage());
    }
  }

  @Override
  public Integer call() throws SettingsException, StartException {
    return serve();
  }

  @Command(name = "serve", description = "start the server (this is the default)")
  int serve() throws SettingsException, StartException {
    Log.begin(); // on this thread: what another logs meanwhile would get substitutes
    var beside = Beside.start();
    Config config = settings().config();
    Log.use(config.log());
    List<String> links = Environment.of(environment).links();
    if (!links.isEmpty()) {
      System.getLogger(EarshotCommand.class.getName())
          .log(
              Level.INFO,
              "these environment variables are ignored, since they look like service links of a"
                  + " container platform: {0}",
              String.join(", ", links));
    }
    Serve.forever(config, beside, out, ServiceManager.of(environment));
    return CANNOT_START;
  }

  @Command(
      name = "config",
      description = {
        "show the settings in force, as a file for --config",
        "config explain ROOM: show the rule that applies to a room"
      })
  int showConfig(
      @Parameters(
              arity = "0..*",
              paramLabel = "explain ROOM",
              description = "show the rule that applies to this room")
          @Nullable List<String> question)
      throws SettingsException {
    if (question == null || question.isEmpty()) {
      out.print(SettingsPage.of(settings()));
    } else if (!question.getFirst().equals("explain")) {
      throw new SettingsException("there is no '" + question.getFirst() + "'" + HINT);
    } else if (question.size() != 2 || !RoomName.isValid(question.get(1))) {
      throw new SettingsException("write it as: ./earshot config explain ROOM");
    } else {
      new RoomRules(settings().config().rooms()).explained(question.get(1)).forEach(out::println);
    }
    out.flush();
    return out.checkError() ? CANNOT_START : 0;
  }

  @Command(
      name = "token",
      description = "make a token that admits a client to a room, signed with tokens.keys")
  int makeToken(
      @Option(
              names = "--room",
              paramLabel = "ROOM",
              required = true,
              description = "the room, or a pattern with *")
          String room,
      @Option(
              names = "--identity",
              paramLabel = "NAME",
              required = true,
              description = "the client's identity in your program")
          String identity,
      @Option(
              names = "--can",
              paramLabel = "WHAT",
              split = ",",
              description = "join, say, listen; default: all")
          @Nullable Set<String> can,
      @Option(
              names = "--for",
              paramLabel = "TIME",
              defaultValue = "1h",
              description = "how long the token is valid, such as 30m; default: 1h")
          String lifetime)
      throws SettingsException {
    try {
      out.println(MintedToken.of(settings().config(), room, identity, can, lifetime));
    } catch (IllegalArgumentException | IllegalStateException e) {
      throw new SettingsException("token: " + e.getMessage());
    }
    out.flush();
    return out.checkError() ? CANNOT_START : 0;
  }

  @Command(name = "cert", description = "make a self-signed certificate for testing TLS")
  int makeCertificate(
      @Option(
              names = "--out",
              paramLabel = "DIR",
              defaultValue = ".",
              description = "the folder for cert.pem and key.pem")
          Path folder,
      @Option(
              names = "--host",
              paramLabel = "NAME",
              description = "a host name or address in addition to localhost")
          @Nullable List<String> hosts,
      @Option(names = "--force", description = "replace existing files") boolean force)
      throws SettingsException, StartException {
    out.print(SelfSigned.make(folder, hosts == null ? List.of() : hosts, force).explained());
    out.flush();
    return 0;
  }

  @Command(name = "help", description = "show this help")
  int showHelp(@Parameters(hidden = true, arity = "0..*") List<String> about) {
    commandLine().setUsageHelpWidth(100).usage(out);
    return 0;
  }

  private Settings settings() throws SettingsException {
    var assignments = new ArrayList<Assignment>();
    if (file != null) {
      assignments.addAll(SettingsFile.assignments(file));
    }
    assignments.addAll(Environment.of(environment).assignments());
    assignments.addAll(options);
    return Settings.of(assignments);
  }

  private static String message(ParameterException e) {
    if (e.getCause() instanceof SettingsException refused) {
      return String.valueOf(refused.getMessage());
    }
    if (e instanceof UnmatchedArgumentException unmatched) {
      return "there is no '" + shown(unmatched.getUnmatched().getFirst()) + "'" + HINT;
    }
    return e.getMessage() + HINT;
  }

  /** An argument that is not understood, without what may be a secret. */
  private static String shown(String argument) {
    int equals = argument.indexOf('=');
    String start = equals < 0 ? argument : argument.substring(0, equals);
    return start.indexOf('@') < 0 ? start : "***" + start.substring(start.lastIndexOf('@'));
  }

  private static int failed(PrintWriter err, Exception e) throws Exception {
    return switch (e) {
      case SettingsException refused -> refuse(err, MISUSED, refused.getMessage());
      case StartException failed -> refuse(err, CANNOT_START, failed.getMessage());
      default -> throw e;
    };
  }

  private static int refuse(PrintWriter err, int status, @Nullable String why) {
    err.println("earshot: " + OneLine.of(String.valueOf(why)));
    err.flush();
    return status;
  }
}
