package io.earshot;

import io.earshot.config.ConfigTree;
import io.earshot.config.RoomRule;
import io.earshot.config.Setting;
import io.earshot.config.TokenKeys;
import io.earshot.protocol.RoomName;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * All settings of a server, as one tree. Start from {@link #defaults} and change what differs by
 * its path, the same path as in a configuration file:
 *
 * <pre>{@code
 * Config config = Config.defaults().with("tcpServer.port", 0).with("general.defaultChatRoom", "lobby");
 * }</pre>
 *
 * <p>Immutable.
 *
 * @param general what concerns all of the server
 * @param tcpServer lines over TCP
 * @param httpServer HTTP, and so WebSocket
 * @param webSockets what is special to WebSocket
 * @param commonWeb what concerns clients that come by HTTP
 * @param rooms what concerns rooms
 * @param tokens what lets clients into private rooms
 * @param hooks how long hooks may take
 * @param redis where the servers of a cluster meet
 * @param admin what back ends and moderators may do
 * @param limits how much one client may take
 */
public record Config(
    General general,
    TcpServer tcpServer,
    HttpServer httpServer,
    WebSockets webSockets,
    CommonWeb commonWeb,
    Rooms rooms,
    Tokens tokens,
    Hooks hooks,
    Redis redis,
    Admin admin,
    Limits limits) {

  /**
   * What concerns all of the server.
   *
   * @param id the name of this one process
   * @param serverName the name of the service, and the sender of what the server itself says
   * @param welcomeMessage the first that a client hears
   * @param defaultChatRoom the room that everybody is in at first
   * @param apiVersion the version of the actions
   * @param resumeWindow how long a lost client may take to come back
   * @param repeatWindow how long a say is remembered, so that it is not told twice
   * @param simultaniousActions how many actions of one connection may be pending
   * @param actionTimeout how long an action may run
   * @param actionsFolder where to look for actions
   * @param developmentMode whether changed actions are taken over at once
   * @param eventLoops how many event loops there are
   * @param sockets what kind of sockets to use
   * @param reconnectSpread over how long a stopping server's clients are to come back
   * @param shutdownTimeout how long a stop may take
   */
  public record General(
      @Setting("The name of this one process, as the action status shows it.") String id,
      @Setting("The name of the service; what the server itself says is from this name.")
          String serverName,
      @Setting("The first that a client hears.") String welcomeMessage,
      @Setting("The room that everybody is in at first.") String defaultChatRoom,
      @Setting("The version of your actions, as answers over HTTP show it.") String apiVersion,
      @Setting(
              "How long a client that was lost (not one that said goodbye) stays in its rooms, so that it can come"
                  + " back as who it was, with the session from its welcome. 0: who is lost leaves at once.")
          Duration resumeWindow,
      @Setting(
              "How long a say with a messageId is remembered: said again with the same one, it is not told again."
                  + " 0: never.")
          Duration repeatWindow,
      @Setting(
              value = "How many actions of one connection may be pending at once.",
              alias = "simultaneousActions",
              min = 1,
              max = 10_000)
          int simultaniousActions,
      @Setting("How long an action may run before its caller is told that it took too long.")
          Duration actionTimeout,
      @Setting(
              "A folder of actions: .java files and plug-in jars, seen from where the server was started. Empty:"
                  + " none.")
          String actionsFolder,
      @Setting(
              "Whether a file of the actions folder that changes is taken over while the server runs.")
          boolean developmentMode,
      @Setting(
              value = "How many event loops share the work. 0: one for each processor.",
              max = 1024)
          int eventLoops,
      @Setting(
              "What kind of sockets to use: auto (the best there is), lean (epoll, without a Netty channel for each"
                  + " plain TCP or WebSocket client), epoll, io_uring, or nio.")
          SocketKind sockets,
      @Setting(
              "Over how long the clients of a server that stops are to spread their coming back. Each is told its own"
                  + " part of it as reconnectAfter.")
          Duration reconnectSpread,
      @Setting("How long a stop may take before what is still open is cut off.")
          Duration shutdownTimeout) {

    /** Checks what a type cannot say. */
    public General {
      if (!RoomName.isValid(defaultChatRoom)) {
        throw new IllegalArgumentException(
            "general.defaultChatRoom must have 1 to 256 characters and no control characters");
      }
      if (serverName.isBlank()) {
        throw new IllegalArgumentException("general.serverName must say something");
      }
    }
  }

  /**
   * Lines over TCP.
   *
   * @param enabled whether to listen
   * @param bindIP the address to listen on
   * @param port the port to listen on
   * @param secure whether it is encrypted
   * @param certFile the certificate
   * @param keyFile its private key
   * @param maxLineLength the longest line
   * @param idleTimeout how long a client may be silent
   */
  public record TcpServer(
      @Setting("Whether to listen for TCP clients.") boolean enabled,
      @Setting("The address to listen on. *: all of this machine's.") String bindIP,
      @Setting(value = "The port to listen on. 0: any that is free.", max = 65535) int port,
      @Setting("Whether TCP connections are encrypted with TLS. Needs certFile and keyFile.")
          boolean secure,
      @Setting(
              "The PEM file with the certificate, and those that vouch for it after it. Read anew when it changes.")
          String certFile,
      @Setting("The PEM file with the certificate's private key (PKCS#8, without a password).")
          String keyFile,
      @Setting(value = "The longest line a client may send, in bytes.", min = 64, max = 16 << 20)
          int maxLineLength,
      @Setting(
              "How long a client may be silent before it is cut off. 0: for ever (TCP keep-alive finds the dead).")
          Duration idleTimeout) {}

  /**
   * HTTP, and so WebSocket.
   *
   * @param enabled whether to listen
   * @param bindIP the address to listen on
   * @param port the port to listen on
   * @param secure whether it is encrypted
   * @param certFile the certificate
   * @param keyFile its private key
   * @param trustedProxies whom to believe where a client is
   * @param publicFolder what is served under /public/
   * @param requestTimeout how long a request may take to arrive
   * @param maxHeaderLength the longest head of a request
   * @param maxBodyLength the longest body of a request
   * @param corsOrigins what pages may send requests
   */
  public record HttpServer(
      @Setting("Whether to listen for HTTP and WebSocket clients.") boolean enabled,
      @Setting("The address to listen on. *: all of this machine's.") String bindIP,
      @Setting(value = "The port to listen on. 0: any that is free.", max = 65535) int port,
      @Setting(
              "Whether HTTP and WebSocket connections are encrypted with TLS. Needs certFile and keyFile.")
          boolean secure,
      @Setting(
              "The PEM file with the certificate, and those that vouch for it after it. Read anew when it changes.")
          String certFile,
      @Setting("The PEM file with the certificate's private key (PKCS#8, without a password).")
          String keyFile,
      @Setting(
              "The proxies in front of this server, as addresses or ranges such as 10.0.0.0/8. What they say of"
                  + " a client's address (X-Forwarded-For, X-Forwarded-Proto) is believed.")
          List<String> trustedProxies,
      @Setting("The folder whose files are served under /public/. Empty: only what is built in.")
          String publicFolder,
      @Setting("How long a request may take to arrive, and an idle connection is kept.")
          Duration requestTimeout,
      @Setting(value = "The longest head of a request, in bytes.", min = 1024, max = 1 << 20)
          int maxHeaderLength,
      @Setting(value = "The longest body of a request, in bytes.", max = 64 << 20)
          int maxBodyLength,
      @Setting(
              "The origins whose pages may send requests and read the answers, such as https://shop.example.org,"
                  + " besides pages from this server. *: any, but without cookies.")
          List<String> corsOrigins) {

    /** Checks what a type cannot say. */
    public HttpServer {
      checkRanges("httpServer.trustedProxies", trustedProxies);
    }
  }

  /**
   * What is special to WebSocket.
   *
   * @param maxMessageLength the longest message
   * @param allowedOrigins what pages may connect
   * @param pingInterval how often a silent client is asked for a sign of life
   * @param idleTimeout how long a client may give none
   */
  public record WebSockets(
      @Setting(value = "The longest message a client may send, in bytes.", min = 64, max = 16 << 20)
          int maxMessageLength,
      @Setting(
              "The origins whose pages may connect, such as https://chat.example.org, besides pages from this"
                  + " server. *: any.")
          List<String> allowedOrigins,
      @Setting("After how much silence a client is pinged. 0: never.") Duration pingInterval,
      @Setting(
              "How long a client may be silent, pongs included, before it is cut off. 0: for ever.")
          Duration idleTimeout) {}

  /**
   * What concerns clients that come by HTTP, and their requests.
   *
   * @param httpClientMessageTTL how long a message waits to be fetched; empty for no message queues
   * @param rootEndpointType what is at the root of the HTTP server
   * @param returnErrorCodes whether errors have an HTTP status of their own
   * @param cookieSecret what identity cookies are signed with
   * @param fingerprintOptions how clients are told apart
   */
  public record CommonWeb(
      @Setting(
              "How long a message waits for an HTTP client to fetch it, and how long the client is a member of its"
                  + " room after its last request. null: HTTP clients have no message queues, and are members of"
                  + " no room.")
          Optional<Duration> httpClientMessageTTL,
      @Setting(
              "What is at the root of the HTTP server: api (actions), or file (static files; actions under /api).")
          RootEndpoint rootEndpointType,
      @Setting("Whether errors of actions have an HTTP status of their own; else it is 200.")
          boolean returnErrorCodes,
      @Setting(
              "What identity cookies are signed with: a long random text, the same for all servers of a cluster."
                  + " Empty: a random one at each start, so that clients are new after a restart.")
          String cookieSecret,
      FingerprintOptions fingerprintOptions) {}

  /**
   * How HTTP clients are told apart.
   *
   * @param cookieKey the name of the identity cookie
   * @param toSetCookie whether to give one to those who have none
   * @param onlyStaticElements whether to go by the headers of a request instead
   */
  public record FingerprintOptions(
      @Setting("The name of the cookie that tells HTTP clients apart.") String cookieKey,
      @Setting(
              "Whether to give that cookie to those who have none. Without it each request is a new client.")
          boolean toSetCookie,
      @Setting(
              "Whether to tell clients apart by address and headers instead of a cookie. Two people behind one"
                  + " address with the same browser are then one client.")
          boolean onlyStaticElements) {}

  /** What is at the root of the HTTP server. */
  public enum RootEndpoint {
    /** Actions. */
    API,
    /** Static files. */
    FILE
  }

  /**
   * What concerns rooms.
   *
   * @param announcements whether a room hears who comes and goes
   * @param announcementsUpTo the largest room that does
   * @param messagesPerSecond how many messages clients may say in one
   * @param messageBytes the longest message there
   * @param historyMessages how many messages a room remembers
   * @param historyBytes how many bytes of them
   * @param historyAge how long it does
   * @param historyFolder where it does so across restarts
   * @param historySync when that is forced to the disk
   * @param slowConsumers what becomes of a client that does not keep up
   * @param rules what holds for some rooms only
   */
  public record Rooms(
      @Setting("Whether the members of a room hear who comes and goes.") boolean announcements,
      @Setting("Rooms with more members than this do not hear it.") int announcementsUpTo,
      @Setting(
              "How many messages a second clients may say in one room, all together; up to twice as many at once. More"
                  + " are refused. 0: any number.")
          int messagesPerSecond,
      @Setting(
              "The longest message a client may say in a room, in bytes of its JSON. 0: as long as its transport lets"
                  + " it.")
          int messageBytes,
      @Setting("How many messages a room remembers for those who come back with a cursor. 0: none.")
          int historyMessages,
      @Setting("How many bytes of messages a room remembers.") int historyBytes,
      @Setting("How long a room remembers a message, also after everybody has left.")
          Duration historyAge,
      @Setting(
              "A folder for what rooms remember, so that a restart of the server finds it: each server has one of its"
                  + " own, on a local disk. Empty: in memory only.")
          String historyFolder,
      @Setting(
              "When what is told is forced to the disk: never (it survives the end of the process, but not that of the"
                  + " machine, after which all rooms begin anew), or always (before anybody hears it, which takes as"
                  + " long as the disk does).")
          HistorySync historySync,
      @Setting(
              "What becomes of a client that does not keep up with a room: disconnect (at limits.outboundBytes; it can"
                  + " come back with its cursor), conflate (it gets the newest message when it has caught up, or the"
                  + " newest for each value of the field that the rule's conflateBy names), or drop (messages are left"
                  + " out). What is left out is announced.")
          SlowConsumers slowConsumers,
      @Setting(
              "What holds for some rooms only: a pattern of names (* stands for anything) and settings, such as"
                  + " \"prices.* historyMessages=1 say=nobody\". The first that matches a room counts. Who may join,"
                  + " say, listen: anyone, token, nobody, or those with an attribute, as NAME:VALUE; announcements is"
                  + " true, false, or up to how many members; the others are named as here.")
          List<String> rules) {

    /** Checks what a type cannot say. */
    public Rooms {
      rules.forEach(RoomRule::parse);
    }
  }

  /**
   * What lets clients into private rooms.
   *
   * @param keys what tokens are signed with
   * @param warning how long before its end the bearer of a token is warned
   * @param forAnyone whether clients make private rooms themselves
   */
  public record Tokens(
      @Setting(
              "The keys of tokens, each as ID HS256 SECRET (at least 32 characters), or ID EdDSA FILE (PEM: a PUBLIC KEY,"
                  + " and a PRIVATE KEY to make tokens with). The first that can makes tokens, all are believed; so a new"
                  + " one is put first, and the old one removed when its tokens have ended. Empty: one made of"
                  + " commonWeb.cookieSecret, if that has 32 characters or more, else of chance at each start.")
          List<String> keys,
      @Setting(
              "How long before the end of its token a client is told, so that it can show a newer one.")
          Duration warning,
      @Setting(
              "Whether any client may make a private room, by the action privateRoom: it gets a name that nobody guesses,"
                  + " and a token to pass on. It cannot get one for a room that is there.")
          boolean forAnyone) {}

  /**
   * How server code is asked about what clients do.
   *
   * @param timeout how long one hook may take
   * @param onTimeout what holds when it takes longer
   * @param running how many may run at once
   */
  public record Hooks(
      @Setting(
              "How long a hook may take for one answer. Then its thread is interrupted, and hooks.onTimeout says what"
                  + " holds.")
          Duration timeout,
      @Setting(
              "What holds when a hook takes too long: refuse (whoever is asked about is refused), or allow (as if it"
                  + " had nothing to say).")
          OnTimeout onTimeout,
      @Setting(
              value =
                  "How many hooks may run at once, for all clients together. Beyond it clients are refused, and who"
                      + " goes is told of later.",
              min = 1)
          int running) {

    /** Checks what a type cannot say. */
    public Hooks {
      if (timeout.isZero()) {
        throw new IllegalArgumentException("hooks.timeout must be more than 0");
      }
    }
  }

  /** What holds when a hook takes too long. */
  public enum OnTimeout {
    /** Whoever is asked about is refused. */
    REFUSE,
    /** As if it had nothing to say. */
    ALLOW
  }

  /**
   * Where the servers of a cluster meet.
   *
   * @param url where Redis is; empty for a server that is alone
   * @param prefix what all names there begin with
   * @param secret what servers show each other
   * @param lease how long a server may be silent
   * @param timeout how long Redis may be
   */
  public record Redis(
      @Setting(
              "The Redis at which servers meet, such as redis://localhost:6379; they then share their rooms. rediss://"
                  + " for TLS, redis://USER:PASSWORD@HOST:PORT, redis-sentinel://HOST:PORT?sentinelMasterId=NAME, or"
                  + " several HOST:PORT for a Redis Cluster. Empty: this server is alone.")
          String url,
      @Setting("What all keys and channels begin with, so that several clusters can use one Redis.")
          String prefix,
      @Setting(
              "What messages between servers are signed with: a long random text, the same for all. Empty: not signed,"
                  + " and whoever may publish in Redis can speak as anybody.")
          String secret,
      @Setting(
              "How long a server may be out of touch before the others take it for dead, and its members leave their"
                  + " rooms. They are gone a quarter of that, and two seconds, later at the latest.")
          Duration lease,
      @Setting("How long Redis may take to answer before it counts as away.") Duration timeout) {}

  /**
   * What back ends and moderators may do.
   *
   * @param keys who may use the admin API
   * @param requestsPerSecond how often each of them may
   * @param measures how many bans, mutes and closures may hold
   */
  public record Admin(
      @Setting(
              "The keys of the admin API under /admin/, each as NAME SECRET (at least 32 characters, without blanks);"
                  + " shown as Authorization: Bearer SECRET. Empty: there is no admin API.")
          List<String> keys,
      @Setting(
              value =
                  "How many requests a second one key may send to the admin API; up to twice as many at once.",
              min = 1,
              max = 100_000)
          int requestsPerSecond,
      @Setting(
              value =
                  "How many bans, mutes and closed rooms may hold at once; further ones are refused.",
              min = 1,
              max = 1_000_000)
          int measures) {
    private static final Pattern KEY = Pattern.compile("[A-Za-z0-9_.-]{1,64} +[!-~]{32,512}");

    /** Checks what a type cannot say. What is wrong with a key is said without it. */
    public Admin {
      var names = new HashSet<String>();
      for (String key : keys) {
        if (!KEY.matcher(key).matches()) {
          throw new IllegalArgumentException(
              "admin.keys: a key is NAME SECRET: a name of letters, digits, - _ and ., and a secret of at least 32"
                  + " characters without blanks");
        }
        if (!names.add(key.substring(0, key.indexOf(' ')))) {
          throw new IllegalArgumentException("admin.keys: each key has a name of its own");
        }
      }
    }
  }

  /**
   * How much one client may take.
   *
   * @param outboundBytes how much may wait for a client that does not read
   * @param rooms how many rooms it may be in
   * @param listeningRooms how many rooms it may listen to
   * @param params how many params it may set
   * @param paramBytes how long they may be together
   * @param runningActions how many actions of all clients may run at once
   * @param answerBytes how long the answer of an action may be
   * @param webClients how many HTTP clients may have a message queue
   * @param queuedMessages how many messages may wait in one
   * @param queuedBytes how many bytes may wait in one
   * @param waitingPolls how many HTTP requests may wait for a message of a room
   * @param historyBytes how many bytes all rooms together remember
   * @param emptyRooms how many rooms are remembered that nobody is in
   * @param lostClients how many clients that were lost are waited for
   * @param messagesPerSecond how many requests a connection may send in a second
   * @param messageBurst how many it may send at once
   * @param bytesPerSecond how many bytes a connection may send in a second
   * @param bytesBurst how many it may send at once
   * @param connectionsPerAddress how many connections an address may have, and how many HTTP
   *     clients with a message queue
   * @param requestsPerSecond how many HTTP requests an address may send in a second
   * @param exemptAddresses whose connections and HTTP requests have no limit
   */
  public record Limits(
      @Setting(
              value =
                  "How much may wait for a client that does not read, in bytes. Beyond it the client is cut off.",
              min = 1024)
          int outboundBytes,
      @Setting(value = "How many rooms a client may be in.", min = 1) int rooms,
      @Setting("How many rooms a client may listen to.") int listeningRooms,
      @Setting("How many params a client may set.") int params,
      @Setting("How long a client's params may be together, in characters.") int paramBytes,
      @Setting(value = "How many actions of all clients together may run at once.", min = 1)
          int runningActions,
      @Setting(
              value =
                  "The longest answer of an action, in bytes. A longer one is a failure of the action.",
              min = 1024)
          int answerBytes,
      @Setting("How many HTTP clients may have a message queue at once; further ones are refused.")
          int webClients,
      @Setting(value = "How many messages may wait in one queue. Beyond it the oldest go.", min = 1)
          int queuedMessages,
      @Setting(
              value = "How much may wait in one queue, in bytes. Beyond it the oldest messages go.",
              min = 1024)
          int queuedBytes,
      @Setting(
              "How many HTTP requests may wait for a message of a room at once; further ones are refused.")
          int waitingPolls,
      @Setting(
              "How many bytes of messages all rooms together remember. Beyond it they remember less.")
          int historyBytes,
      @Setting("How many rooms that nobody is in any more are remembered. Beyond it the oldest go.")
          int emptyRooms,
      @Setting(
              "How many clients that were lost are waited for at once. Further ones leave at once.")
          int lostClients,
      @Setting(
              "How many requests of any kind a TCP or WebSocket client may send in a second. What is beyond is"
                  + " refused. 0: any number.")
          int messagesPerSecond,
      @Setting(value = "How many it may send at once, after it was silent for a while.", min = 1)
          int messageBurst,
      @Setting(
              "How many bytes a TCP or WebSocket client may send in a second. Who sends more is not read for a while."
                  + " 0: any number.")
          int bytesPerSecond,
      @Setting(value = "How many it may send at once, after it was silent for a while.", min = 1024)
          int bytesBurst,
      @Setting(
              "How many connections one address may have at once; an IPv6 address counts by its first 64 bits. A"
                  + " WebSocket or stream behind one of httpServer.trustedProxies counts for the address that the"
                  + " proxy tells. As many HTTP clients with a message queue it may have besides. 0: any number.")
          int connectionsPerAddress,
      @Setting(
              value =
                  "How many HTTP requests one address may send in a second, and twice as many at once. Further ones"
                      + " are answered with 429. 0: any number.",
              max = Integer.MAX_VALUE / 2)
          int requestsPerSecond,
      @Setting(
              "Addresses, or ranges such as 10.0.0.0/8, that may have any number of connections and send any number"
                  + " of HTTP requests, as httpServer.trustedProxies may.")
          List<String> exemptAddresses) {

    /** Checks what a type cannot say. */
    public Limits {
      checkRanges("limits.exemptAddresses", exemptAddresses);
    }

    /**
     * Checks the length of an action's answer.
     *
     * @param length its length in bytes
     * @throws IllegalArgumentException if it is longer than {@link #answerBytes}
     */
    public void checkAnswer(int length) {
      if (length > answerBytes) {
        throw new IllegalArgumentException(
            "it has " + length + " bytes, and limits.answerBytes is " + answerBytes);
      }
    }
  }

  /** What becomes of clients that do not keep up. */
  public enum SlowConsumers {
    /** They are disconnected, and may come back with their cursor. */
    DISCONNECT,
    /** They get the newest of each kind when they have caught up. */
    CONFLATE,
    /** Messages are left out. */
    DROP
  }

  /** When what is told is forced to the disk. */
  public enum HistorySync {
    /** When the system likes: nothing is lost when the process ends, however it does. */
    NEVER,
    /** Before anybody hears it: nothing is lost when the machine ends either. */
    ALWAYS
  }

  /** Kinds of sockets. */
  public enum SocketKind {
    /** Lean ones where there is epoll, else the JDK's. */
    AUTO,
    /** Epoll's, and no Netty channel for a plain TCP or WebSocket client. */
    LEAN,
    /** Epoll's, each with a Netty channel. */
    EPOLL,
    /** Those of Linux's io_uring, each with a Netty channel. */
    IO_URING,
    /** The JDK's, which every system has. */
    NIO
  }

  private static final Config DEFAULTS =
      new Config(
          new General(
              "",
              "Earshot",
              "Hello! Welcome to Earshot.",
              "defaultRoom",
              "1.0",
              Duration.ZERO,
              Duration.ofMinutes(2),
              5,
              Duration.ofSeconds(30),
              "",
              false,
              0,
              SocketKind.AUTO,
              Duration.ofSeconds(5),
              Duration.ofSeconds(5)),
          new TcpServer(true, "*", 5000, false, "", "", 64 << 10, Duration.ZERO),
          new HttpServer(
              true,
              "*",
              8080,
              false,
              "",
              "",
              List.of(),
              "",
              Duration.ofSeconds(10),
              16 << 10,
              1 << 20,
              List.of()),
          new WebSockets(64 << 10, List.of(), Duration.ofSeconds(25), Duration.ofSeconds(60)),
          new CommonWeb(
              Optional.empty(),
              RootEndpoint.API,
              false,
              "",
              new FingerprintOptions("sessionID", true, false)),
          new Rooms(
              true,
              250,
              20_000,
              0,
              100,
              64 << 10,
              Duration.ofMinutes(1),
              "",
              HistorySync.NEVER,
              SlowConsumers.DISCONNECT,
              List.of()),
          new Tokens(List.of(), Duration.ofSeconds(30), true),
          new Hooks(Duration.ofSeconds(2), OnTimeout.REFUSE, 10_000),
          new Redis("", "earshot:", "", Duration.ofSeconds(10), Duration.ofSeconds(2)),
          new Admin(List.of(), 100, 10_000),
          new Limits(
              1 << 20,
              100,
              100,
              100,
              64 << 10,
              10_000,
              1 << 20,
              50_000,
              500,
              256 << 10,
              10_000,
              256 << 20,
              10_000,
              10_000,
              2_000,
              4_000,
              4 << 20,
              8 << 20,
              1_000,
              500,
              List.of("127.0.0.0/8", "::1/128")));

  /**
   * The settings of a server that was told nothing.
   *
   * @return the defaults
   */
  public static Config defaults() {
    return DEFAULTS;
  }

  /**
   * The same with one setting changed.
   *
   * @param path the setting, such as {@code tcpServer.port}
   * @param value its value: of the setting's own type, or a text that says it ({@code "30s"},
   *     {@code "true"})
   * @return the changed tree
   * @throws IllegalArgumentException if there is no such setting, or the value is not one for it;
   *     the message says what to do
   */
  public Config with(String path, Object value) {
    return ConfigTree.with(this, path, value);
  }

  /**
   * Checks what settings mean together.
   *
   * @throws IllegalArgumentException if two do not go together; the message names them
   */
  public void check() {
    Duration ping = webSockets.pingInterval();
    Duration idle = webSockets.idleTimeout();
    if (!idle.isZero() && ping.compareTo(idle) >= 0) {
      throw new IllegalArgumentException(
          "webSockets.pingInterval must be shorter than webSockets.idleTimeout, or who is silent is cut off unasked");
    }
    checkRedis();
    var _ = new TokenKeys(tokens.keys(), commonWeb.cookieSecret());
    String cookie = commonWeb.fingerprintOptions().cookieKey();
    if (!cookie.matches("[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}") || cookie.equals("__room")) {
      throw new IllegalArgumentException(
          "commonWeb.fingerprintOptions.cookieKey must be a cookie's name: letters, digits, - and _, and not __room");
    }
    int longest = Math.max(tcpServer.maxLineLength(), webSockets.maxMessageLength());
    if (limits.outboundBytes() < 2L * longest) {
      throw new IllegalArgumentException(
          "limits.outboundBytes must be at least twice the longest message (tcpServer.maxLineLength,"
              + " webSockets.maxMessageLength), or one message cuts off who hears it");
    }
    if (rooms.historyBytes() > limits.outboundBytes() / 2) {
      throw new IllegalArgumentException(
          "rooms.historyBytes must be at most half of limits.outboundBytes, or what one has missed cuts one off");
    }
    if (limits.outboundBytes() < limits.answerBytes()) {
      throw new IllegalArgumentException(
          "limits.outboundBytes must be at least limits.answerBytes, or the answer of an action cuts off who asked for it");
    }
    for (String origin : webSockets.allowedOrigins()) {
      if (!origin.equals("*") && !origin.matches("[a-z][a-z0-9+.-]*://[^/\\s]+")) {
        throw new IllegalArgumentException(
            "webSockets.allowedOrigins: '"
                + origin
                + "' is no origin; write it like https://chat.example.org");
      }
    }
  }

  private static void checkRanges(String path, List<String> ranges) {
    for (String range : ranges) {
      try {
        AddressRange.of(range);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(path + ": " + e.getMessage(), e);
      }
    }
  }

  private void checkRedis() {
    if (redis.url().isEmpty()) {
      return;
    }
    if (!rooms.historyFolder().isEmpty()) {
      throw new IllegalArgumentException(
          "rooms.historyFolder and redis.url do not go together: in a cluster Redis remembers");
    }
    if (redis.lease().compareTo(Duration.ofSeconds(1)) < 0
        || redis.lease().compareTo(redis.timeout().multipliedBy(2)) < 0) {
      throw new IllegalArgumentException(
          "redis.lease must be at least a second, and twice redis.timeout, or a server that waits for Redis is taken"
              + " for dead");
    }
    if (redis.timeout().toMillis() < 100) {
      throw new IllegalArgumentException("redis.timeout must be at least 100 ms");
    }
    if (!redis.prefix().matches("[A-Za-z0-9:._-]{0,64}")) {
      throw new IllegalArgumentException(
          "redis.prefix may have letters, digits, and : . _ -, at most 64 of them");
    }
  }

  /**
   * Reads a time as settings say it.
   *
   * @param text such as {@code 30s}; without a unit it is in milliseconds
   * @return the time, or empty if it is none
   */
  public static Optional<Duration> duration(String text) {
    return ConfigTree.duration(text, text);
  }

  /**
   * One setting, for whoever shows them.
   *
   * @param path its path
   * @param alias another path that is understood for it, or empty
   * @param meaning what it means
   * @param value its value, as a configuration file would say it
   * @param defaultValue its default
   */
  public record Entry(
      String path, String alias, String meaning, String value, String defaultValue) {}

  /**
   * All settings with their meaning, in order.
   *
   * @return an entry for each
   */
  public List<Entry> entries() {
    return ConfigTree.entries(this, DEFAULTS, Entry::new);
  }
}
