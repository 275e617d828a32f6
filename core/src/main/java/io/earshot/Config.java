package io.earshot;

import io.earshot.config.ConfigTree;
import io.earshot.config.RedisUrl;
import io.earshot.config.RoomRule;
import io.earshot.config.Secret;
import io.earshot.config.Setting;
import io.earshot.config.SettingText;
import io.earshot.protocol.RoomName;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All settings of a server, as one tree. Start from {@link #defaults} and change single settings by
 * path. The paths are those of a configuration file:
 *
 * <pre>{@code
 * Config config = Config.defaults().with("tcpServer.port", 0).with("general.defaultChatRoom", "lobby");
 * }</pre>
 *
 * <p>The {@link Setting} annotation of each component states its meaning, unit, bounds, and
 * default.
 *
 * <p>Immutable.
 */
@SuppressWarnings({
  "doclint:missing", // @Setting says what @param would repeat
  "UnusedVariable" // Error Prone overlooks constants that only annotations use
})
public record Config(
    General general,
    TcpServer tcpServer,
    HttpServer httpServer,
    WebSockets webSockets,
    CommonWeb commonWeb,
    Rooms rooms,
    Tokens tokens,
    Users users,
    Hooks hooks,
    BackEndSettings backEnds,
    WebhookSettings webhooks,
    FeedSettings feed,
    PostgresSettings postgres,
    Redis redis,
    Admin admin,
    Management management,
    Log log,
    Explain explain,
    Metrics metrics,
    Limits limits) {

  private static final String BIND_IP =
      "The address to listen on. *: all addresses of this machine.";
  private static final String PORT = "The port to listen on. 0: any free port.";
  private static final String CERT_FILE =
      "The PEM file with the certificate, followed by its chain. Reloaded when it changes.";
  private static final String KEY_FILE =
      "The PEM file with the private key of the certificate (PKCS#8, without a password). Empty: the"
          + " key is in certFile, too.";

  /** Settings of the whole server. */
  public record General(
      @Setting(
              value = "The name of this server process, as the action status shows it.",
              defaultValue = "")
          String id,
      @Setting(
              value = "The name of the service, and the sender of the server's own messages.",
              defaultValue = "Earshot")
          String serverName,
      @Setting(
              value = "The text of the first message that a client receives.",
              defaultValue = "Hello! Welcome to Earshot.")
          String welcomeMessage,
      @Setting(
              value = "The room that a client is in after it connects.",
              defaultValue = "defaultRoom")
          String defaultChatRoom,
      @Setting(
              value = "The version of your actions, as HTTP answers show it.",
              defaultValue = "1.0")
          String apiVersion,
      @Setting(
              value =
                  "How long a client whose connection was lost stays in its rooms, so that it can resume with the"
                      + " session token of its welcome message. A client that ends its connection itself leaves at"
                      + " once. 0: no client can resume.",
              defaultValue = "0s")
          Duration resumeWindow,
      @Setting(
              value =
                  "How long the messageId of a say is remembered. A say that repeats the messageId within this time"
                      + " is answered like the first and not delivered again. 0: never remembered.",
              defaultValue = "2m")
          Duration repeatWindow,
      @Setting(
              value = "How many actions of one connection may be pending at once.",
              alias = "simultaneousActions",
              defaultValue = "5",
              min = 1,
              max = 10_000)
          int simultaniousActions,
      @Setting(
              value =
                  "How long an action may run. After that its thread is interrupted and its caller is told that the"
                      + " action took too long.",
              defaultValue = "30s")
          Duration actionTimeout,
      @Setting(
              value =
                  "A folder of actions: .java files and plug-in jars. The path is relative to the directory in which"
                      + " the server was started. Empty: none.",
              defaultValue = "")
          String actionsFolder,
      @Setting(
              value =
                  "Whether changed files of the actions folder are loaded while the server runs.",
              defaultValue = "false")
          boolean developmentMode,
      @Setting(
              value = "How many event loops share the work. 0: one for each processor.",
              defaultValue = "0",
              max = 1024)
          int eventLoops,
      @Setting(
              value =
                  "The kind of sockets: auto (the best available), lean (epoll, without a Netty channel for each"
                      + " plain TCP or WebSocket client), epoll, io_uring, or nio.",
              defaultValue = "auto")
          SocketKind sockets,
      @Setting(
              value =
                  "What encrypts secure ports: auto (the JDK for lines; for HTTP BoringSSL if its native library can"
                      + " be loaded, otherwise the JDK), openssl (BoringSSL, or the server does not start), or jdk.",
              defaultValue = "auto")
          TlsProvider tlsProvider,
      @Setting(
              value =
                  "The time over which the clients of a stopping server spread their reconnects. Each client receives"
                      + " its own random delay within it as reconnectAfter.",
              defaultValue = "5s")
          Duration reconnectSpread,
      @Setting(
              value =
                  "How long a server that is to stop still accepts clients, while /readyz says that it is not ready, so"
                      + " that load balancers send no more to it.",
              defaultValue = "0s")
          Duration drainDelay,
      @Setting(
              value =
                  "The time over which a server that is to stop ends the connections of its clients, so that they"
                      + " reconnect at an even rate. 0: all at once.",
              defaultValue = "0s")
          Duration drainTime,
      @Setting(
              value =
                  "How long the end of a stop may take, after drainDelay and drainTime. After that open connections are cut"
                      + " off.",
              defaultValue = "5s")
          Duration shutdownTimeout) {

    /** Checks what the types cannot express. */
    public General {
      if (RoomName.isInbox(defaultChatRoom)) {
        throw new IllegalArgumentException(
            "general.defaultChatRoom must not begin with @, as the inboxes of users do");
      }
      if (!RoomName.isValid(defaultChatRoom)) {
        throw new IllegalArgumentException(
            "general.defaultChatRoom must have 1 to 256 characters and no control characters");
      }
      if (serverName.isBlank()) {
        throw new IllegalArgumentException("general.serverName must not be blank");
      }
    }
  }

  /** Settings of the TCP server, which speaks lines. */
  public record TcpServer(
      @Setting(value = "Whether to listen for TCP clients.", defaultValue = "true") boolean enabled,
      @Setting(value = BIND_IP, defaultValue = "*") String bindIP,
      @Setting(value = PORT, defaultValue = "5000", max = 65535) int port,
      @Setting(
              value = "Whether TCP connections use TLS. Requires certFile.",
              defaultValue = "false")
          boolean secure,
      @Setting(value = CERT_FILE, defaultValue = "") String certFile,
      @Setting(value = KEY_FILE, defaultValue = "") String keyFile,
      @Setting(
              value = "The longest line that a client may send, in bytes.",
              defaultValue = "" + (64 << 10),
              min = 64,
              max = 16 << 20)
          int maxLineLength,
      @Setting(
              value =
                  "How long a client may send nothing before it is disconnected. 0: for ever (TCP keep-alive finds"
                      + " dead connections).",
              defaultValue = "0s")
          Duration idleTimeout) {

    /** Checks what the types cannot express. */
    public TcpServer {
      ConfigCheck.bindIP("tcpServer.bindIP", bindIP);
    }
  }

  /** Settings of the HTTP server, which also accepts WebSocket clients. */
  public record HttpServer(
      @Setting(value = "Whether to listen for HTTP and WebSocket clients.", defaultValue = "true")
          boolean enabled,
      @Setting(value = BIND_IP, defaultValue = "*") String bindIP,
      @Setting(value = PORT, defaultValue = "8080", max = 65535) int port,
      @Setting(
              value = "Whether HTTP and WebSocket connections use TLS. Requires certFile.",
              defaultValue = "false")
          boolean secure,
      @Setting(value = CERT_FILE, defaultValue = "") String certFile,
      @Setting(value = KEY_FILE, defaultValue = "") String keyFile,
      @Setting(
              value =
                  "The proxies in front of this server, as addresses or ranges such as 10.0.0.0/8. What a trusted"
                      + " proxy says about its client (X-Forwarded-For, -Proto, -Host and -Port, or Forwarded) is believed.",
              defaultValue = "")
          List<String> trustedProxies,
      @Setting(
              value =
                  "The host names that the server answers to, such as chat.example.org or *.example.org. IP addresses,"
                      + " localhost, names without a dot and the hosts of allowedOrigins and corsOrigins are always"
                      + " answered, and so is what a trusted proxy forwards if this is empty. *: any name. Empty: also"
                      + " any name if bindIP is a public address.",
              defaultValue = "")
          List<String> hosts,
      @Setting(
              value =
                  "The folder whose files are served under /public/. Empty: only the built-in files.",
              defaultValue = "")
          String publicFolder,
      @Setting(
              value =
                  "How long a request may take to arrive, and how long an idle connection is kept.",
              defaultValue = "10s")
          Duration requestTimeout,
      @Setting(
              value = "The longest head of a request, in bytes.",
              defaultValue = "" + (16 << 10),
              min = 1024,
              max = 1 << 20)
          int maxHeaderLength,
      @Setting(
              value = "The longest body of a request, in bytes.",
              defaultValue = "" + (1 << 20),
              max = 64 << 20)
          int maxBodyLength,
      @Setting(
              value =
                  "The origins whose pages may send requests and read the answers, such as https://shop.example.org or"
                      + " https://*.example.org. Pages from this server always may. *: any origin, but without cookies.",
              defaultValue = "")
          List<String> corsOrigins) {

    /** Checks what the types cannot express. */
    public HttpServer {
      ConfigCheck.bindIP("httpServer.bindIP", bindIP);
      ConfigCheck.ranges("httpServer.trustedProxies", trustedProxies);
    }
  }

  /** Settings of WebSocket connections alone. */
  public record WebSockets(
      @Setting(
              value = "The longest message that a client may send, in bytes.",
              defaultValue = "" + (64 << 10),
              min = 64,
              max = 16 << 20)
          int maxMessageLength,
      @Setting(
              value =
                  "The origins whose pages may connect, such as https://chat.example.org or https://*.example.org."
                      + " Pages from this server always may. *: any origin.",
              defaultValue = "")
          List<String> allowedOrigins,
      @Setting(
              value = "The server pings a client that has sent nothing for this long. 0: never.",
              defaultValue = "25s")
          Duration pingInterval,
      @Setting(
              value =
                  "How long a client may send nothing, not even a pong, before it is disconnected. 0: for ever.",
              defaultValue = "60s")
          Duration idleTimeout,
      @Setting(
              value =
                  "Whether the server compresses what it sends to clients that ask for permessage-deflate. none: it does"
                      + " not. messages: each message by itself. batches: a message may refer to earlier ones of the"
                      + " same batch, which saves more in busy rooms.",
              defaultValue = "none")
          Compression compression,
      @Setting(
              value = "The shortest message that is compressed, in bytes.",
              defaultValue = "256",
              min = 16,
              max = 16 << 20)
          int minCompressedLength) {}

  /** What the server compresses on WebSockets. */
  public enum Compression {
    /** Nothing. */
    NONE,
    /** Each message by itself. */
    MESSAGES,
    /** The messages of a batch together. */
    BATCHES
  }

  /** Settings of HTTP clients and their requests. */
  public record CommonWeb(
      @Setting(
              value =
                  "How long a message waits for an HTTP client to fetch it, and how long the client stays a member of"
                      + " its room after its last request. null: HTTP clients have no message queues and are members"
                      + " of no room.",
              defaultValue = "null")
          Optional<Duration> httpClientMessageTTL,
      @Setting(
              value =
                  "What the root path of the HTTP server serves: api (actions), or file (static files; actions under"
                      + " /api).",
              defaultValue = "api")
          RootEndpoint rootEndpointType,
      @Setting(
              value =
                  "Whether a failed action is answered with an HTTP error status instead of 200.",
              defaultValue = "false")
          boolean returnErrorCodes,
      @Setting(
              value =
                  "The secret that signs identity cookies: a long random text, the same for all servers of a cluster."
                      + " Empty: a random one at each start, so that a restart gives each client a new id; the servers"
                      + " of a cluster share it in Redis.",
              defaultValue = "",
              secret = Secret.WHOLE)
          String cookieSecret,
      FingerprintOptions fingerprintOptions) {

    /** Does not show the secrets. */
    @Override
    public String toString() {
      return ConfigTree.masked(this);
    }
  }

  /** How the server tells HTTP clients apart. */
  public record FingerprintOptions(
      @Setting(
              value = "The name of the cookie that identifies an HTTP client.",
              defaultValue = "sessionID")
          String cookieKey,
      @Setting(
              value =
                  "Whether to give that cookie to a client that has none. Without it each request is a new client.",
              defaultValue = "true")
          boolean toSetCookie,
      @Setting(
              value =
                  "Whether to identify a client by its address and headers instead of a cookie. Two people behind one"
                      + " address with the same browser are then one client.",
              defaultValue = "false")
          boolean onlyStaticElements) {}

  /** What the root path of the HTTP server serves. */
  public enum RootEndpoint {
    /** Actions. */
    API,
    /** Static files. */
    FILE
  }

  /** Settings of rooms. */
  public record Rooms(
      @Setting(
              value = "Whether the server announces to a room who joins and leaves it.",
              defaultValue = "true")
          boolean announcements,
      @Setting(
              value = "Joins and leaves are not announced in rooms with more members than this.",
              defaultValue = "250")
          int announcementsUpTo,
      @Setting(
              value =
                  "A new connection is announced in its first room when it has sent a request or stayed for"
                      + " this long. So a load balancer's check of a port is not announced. 0s: at once.",
              defaultValue = "200ms")
          Duration announceAfter,
      @Setting(
              value =
                  "How many messages a second all clients together may say in one room, with bursts of twice as many."
                      + " Further ones are refused. 0: no limit.",
              defaultValue = "20000")
          int messagesPerSecond,
      @Setting(
              value =
                  "The longest message that a client may say in a room, in bytes of its JSON. 0: only the limit of"
                      + " the client's transport.",
              defaultValue = "0")
          int messageBytes,
      @Setting(
              value =
                  "How many messages the history of a room keeps, for clients that return and for those that enter."
                      + " 0: none.",
              defaultValue = "100")
          int historyMessages,
      @Setting(
              value = "How many bytes of messages the history of a room keeps.",
              defaultValue = "" + (64 << 10))
          int historyBytes,
      @Setting(
              value =
                  "How long the history of a room keeps a message, also after the last member has left.",
              defaultValue = "1h")
          Duration historyAge,
      @Setting(
              value =
                  "A folder on a local disk for the history of rooms, so that it survives a restart. Each server"
                      + " needs a folder of its own. Empty: history is in memory only.",
              defaultValue = "")
          String historyFolder,
      @Setting(
              value =
                  "When a message is forced to the disk: never (history survives the end of the process; after a"
                      + " crash of the machine all rooms begin a new epoch), or always (before the message is"
                      + " delivered, which then waits for the disk).",
              defaultValue = "never")
          HistorySync historySync,
      @Setting(
              value =
                  "What happens to a client that reads too slowly for a room: disconnect (at limits.outboundBytes; it"
                      + " can return with its cursor), conflate (once it has caught up it receives only the newest"
                      + " message, or the newest for each value of the field that the rule's conflateBy names), or"
                      + " drop (messages are left out). The server announces what it left out.",
              defaultValue = "disconnect")
          SlowConsumers slowConsumers,
      @Setting(
              value =
                  "Rules for some rooms only: a pattern of room names (* matches any characters) and settings, such"
                      + " as \"prices.* historyMessages=1 say=nobody\". The first rule that matches a room counts."
                      + " join, say, signal and listen are each anyone, token, nobody, or NAME:VALUE for clients with"
                      + " that attribute; who may say may signal, unless signal is given; announcements is true, false, or a number of members; the others are named as"
                      + " here.",
              defaultValue = "")
          List<String> rules) {

    /** Checks what the types cannot express. */
    public Rooms {
      rules.forEach(RoomRule::parse);
    }
  }

  /** Settings of tokens: their keys and times, and tokens for private rooms. */
  public record Tokens(
      @Setting(
              value =
                  "The keys of tokens, each as ID HS256 SECRET (at least 32 characters), or ID KIND FILE with the kind"
                      + " RS256, ES256 or EdDSA (FILE is PEM: a"
                      + " PUBLIC KEY, and a PRIVATE KEY to sign tokens). The first key that can sign signs new"
                      + " tokens; tokens of all keys are accepted. To change a key, put the new one first, and remove"
                      + " the old one when its tokens have expired. Empty: a key derived from commonWeb.cookieSecret,"
                      + " if that has at least 32 characters; otherwise a random key at each start.",
              defaultValue = "",
              secret = Secret.AFTER_KIND)
          List<String> keys,
      @Setting(
              value =
                  "How long before its token expires a client is warned, so that it can show a new one.",
              defaultValue = "30s")
          Duration warning,
      @Setting(
              value =
                  "How far the clock of a program that makes tokens may be ahead of this server's: a token is valid"
                      + " this long before the time of its claim nbf. The claim exp counts as it is.",
              defaultValue = "5s")
          Duration leeway,
      @Setting(
              value =
                  "Whether any client may create a private room with the action privateRoom. The client receives an"
                      + " unguessable room name and a token to share. It cannot get a token for an existing room.",
              defaultValue = "true")
          boolean forAnyone) {

    /** Does not show the secrets. */
    @Override
    public String toString() {
      return ConfigTree.masked(this);
    }
  }

  /** Settings of users: clients that say who they are. */
  public record Users(
      @Setting(
              value =
                  "Whether each client has to log in. A client that shows no login is refused; over TCP and WebSocket"
                      + " it may log in with its first request, within 10 seconds.",
              defaultValue = "false")
          boolean required,
      @Setting(
              value =
                  "The name of a cookie whose value is the token of a login, for pages whose server sets it. Empty:"
                      + " no cookie.",
              defaultValue = "")
          String cookie,
      @Setting(
              value =
                  "The claim with the id of the user. It becomes the attributes user and identity of the connection.",
              defaultValue = "sub")
          String idClaim,
      @Setting(value = "The claim with the name that others see.", defaultValue = "name")
          String nameClaim,
      @Setting(
              value =
                  "The claim with what else others see of a user: an object, whose fields stand beside id and name.",
              defaultValue = "info")
          String infoClaim,
      @Setting(
              value =
                  "Claims that become attributes of the connection, each as ATTRIBUTE=CLAIM, such as plan=subscription."
                      + " Rules, audiences, bans and hooks can use attributes.",
              defaultValue = "")
          List<String> attributes,
      @Setting(
              value =
                  "The address (https or http) of the JSON Web Key Set of an identity provider, whose tokens are"
                      + " accepted as logins besides those of tokens.keys. Empty: none.",
              defaultValue = "")
          String jwks,
      @Setting(
              value = "What the claim iss of a login has to be. Empty: anything.",
              defaultValue = "")
          String issuer,
      @Setting(
              value = "What the claim aud of a login has to be, or to contain. Empty: anything.",
              defaultValue = "")
          String audience,
      @Setting(
              value =
                  "How long a user whose connection was lost stays in its rooms, so that nobody is told that it left"
                      + " and joined when a page is reloaded. A client that leaves, or ends its connection itself,"
                      + " leaves at once. 0: all leave at once.",
              defaultValue = "5s")
          Duration leaveGrace,
      @Setting(
              value =
                  "How many connections one user may have on this server. Further ones are refused.",
              defaultValue = "1000",
              min = 1)
          int connections,
      @Setting(
              value =
                  "Whether the chat page may give its visitors a login with a name of their choice (POST"
                      + " /development-login). Off in any case with users.required, tokens.keys, users.jwks,"
                      + " users.issuer or users.audience: then the application has users of its own.",
              defaultValue = "true")
          boolean developmentLogin) {

    /** Checks what the types cannot express. */
    public Users {
      ConfigCheck.users(cookie, attributes, jwks);
    }

    /**
     * The attributes that claims become.
     *
     * @return the claim of each attribute
     */
    public Map<String, String> attributeClaims() {
      var claims = new LinkedHashMap<String, String>();
      attributes.forEach(
          each -> claims.put(each.split("=", 2)[0].strip(), each.split("=", 2)[1].strip()));
      return claims;
    }
  }

  /** Settings of hooks: server code that decides about requests of clients. */
  public record Hooks(
      @Setting(
              value =
                  "How long one hook may take for one answer. After that its thread is interrupted, and"
                      + " hooks.onTimeout decides.",
              defaultValue = "2s")
          Duration timeout,
      @Setting(
              value =
                  "The decision when a hook takes too long: refuse (the request is refused), or allow (as if the hook"
                      + " had allowed it).",
              defaultValue = "refuse")
          OnTimeout onTimeout,
      @Setting(
              value =
                  "How many hooks may run at once, for all clients together. Beyond it requests are refused, and"
                      + " hooks about joins and leaves run later.",
              defaultValue = "10000",
              min = 1)
          int running,
      @Setting(
              value =
                  "Back ends that decide over HTTP. Each entry: the events connect, join and say, separated by commas; a"
                      + " pattern of rooms; and a URL, such as \"say lobby.* https://app.example.org/moderate\". Or action,"
                      + " the names of actions, and a URL. Further words are timeout=500ms, running=100 (the most requests"
                      + " under way), away=refuse or away=allow (the decision when the back end does not decide), and"
                      + " param=NAME (a param of the actions).",
              defaultValue = "")
          List<String> http) {

    /** Checks what the types cannot express. */
    public Hooks {
      if (timeout.isZero()) {
        throw new IllegalArgumentException("hooks.timeout must be more than 0");
      }
    }
  }

  /** The decision when a hook takes too long. */
  public enum OnTimeout {
    /** The request is refused. */
    REFUSE,
    /** The request is allowed, as if the hook had allowed it. */
    ALLOW
  }

  /** Settings of a cluster, whose servers meet in Redis. */
  public record Redis(
      @Setting(
              value =
                  "The Redis that the servers of a cluster share, such as redis://localhost:6379. rediss:// uses TLS;"
                      + " redis://USER:PASSWORD@HOST:PORT, redis-sentinel://HOST:PORT?sentinelMasterId=NAME, and"
                      + " several HOST:PORT for a Redis Cluster are accepted. Empty: this server is not in a cluster.",
              defaultValue = "",
              secret = Secret.PASSWORD)
          String url,
      @Setting(
              value =
                  "The user of the sentinels, if they have users. The user of Redis itself is part of redis.url.",
              defaultValue = "")
          String sentinelUser,
      @Setting(
              value =
                  "The password of the sentinels. The password of Redis itself is part of redis.url.",
              defaultValue = "",
              secret = Secret.WHOLE)
          String sentinelPassword,
      @Setting(
              value =
                  "The PEM file with the certificates of the authorities that sign the certificates of Redis and"
                      + " its sentinels (rediss://). Empty: the authorities that the JDK trusts.",
              defaultValue = "")
          String caFile,
      @Setting(
              value =
                  "The PEM file with the certificate that this server shows to Redis and its sentinels, followed by"
                      + " its chain. Empty: it shows none.",
              defaultValue = "")
          String certFile,
      @Setting(
              value =
                  "The PEM file with the private key of redis.certFile (PKCS#8, without a password). Empty: the key"
                      + " is in redis.certFile, too.",
              defaultValue = "")
          String keyFile,
      @Setting(
              value =
                  "The prefix of all keys and channels, so that several clusters can share one Redis.",
              defaultValue = "earshot:")
          String prefix,
      @Setting(
              value =
                  "The secret that signs messages between servers: a long random text, the same for all servers."
                      + " Empty: messages are not signed, and whoever can publish in Redis can impersonate any"
                      + " client.",
              defaultValue = "",
              secret = Secret.WHOLE)
          String secret,
      @Setting(
              value =
                  "How long a server may lose contact before the other servers count it as dead and remove its"
                      + " members from their rooms. The removal is at most a quarter of this time and two seconds"
                      + " late.",
              defaultValue = "10s")
          Duration lease,
      @Setting(
              value = "How long Redis may take to answer before it counts as unreachable.",
              defaultValue = "2s")
          Duration timeout) {

    /** Checks what the types cannot express. */
    public Redis {
      if (!url.isEmpty()) {
        var unused = RedisUrl.of(url);
      }
    }

    /** Does not show the secrets. */
    @Override
    public String toString() {
      return ConfigTree.masked(this);
    }
  }

  /** Settings of the port for operators. */
  public record Management(
      @Setting(
              value =
                  "Whether operators have a port of their own, over plain HTTP. The admin API and the metrics then answer"
                      + " there and not on the port of clients; /livez and /readyz answer on both.",
              defaultValue = "false")
          boolean enabled,
      @Setting(value = BIND_IP, defaultValue = "127.0.0.1") String bindIP,
      @Setting(value = PORT, defaultValue = "8081", max = 65535) int port) {

    /** Checks what the types cannot express. */
    public Management {
      ConfigCheck.bindIP("management.bindIP", bindIP);
    }
  }

  /** Settings of the log of the server program; a program that embeds the server has its own. */
  public record Log(
      @Setting(
              value =
                  "How the lines of the log look: text, or json (the fields of the Elastic Common Schema).",
              defaultValue = "text")
          LogFormat format) {}

  /** The forms of a line of the log. */
  public enum LogFormat {
    /** Time, level, source and message. */
    TEXT,
    /** A JSON object with the fields of the Elastic Common Schema. */
    JSON
  }

  /** Settings of the admin API, for back ends and moderators. */
  public record Admin(
      @Setting(
              value =
                  "The keys of the admin API under /admin/ and of the console, each as NAME SECRET (at least 32"
                      + " characters, without blanks). A request shows its key as Authorization: Bearer SECRET."
                      + " Without keys and users there is no admin API.",
              defaultValue = "",
              secret = Secret.AFTER_NAME)
          List<String> keys,
      @Setting(
              value =
                  "Further keys, in the same form, that can read everything and change nothing.",
              defaultValue = "",
              secret = Secret.AFTER_NAME)
          List<String> readKeys,
      @Setting(
              value =
                  "The ids of the users who may use the admin API and the console with the token of their login.",
              defaultValue = "")
          List<String> users,
      @Setting(
              value = "The ids of users who can read everything there and change nothing.",
              defaultValue = "")
          List<String> readUsers,
      @Setting(
              value =
                  "How many requests a second one key may send to the admin API, with bursts of twice as many.",
              defaultValue = "100",
              min = 1,
              max = 100_000)
          int requestsPerSecond,
      @Setting(
              value =
                  "How many bans, mutes and closed rooms may be in force at once. Further ones are refused.",
              defaultValue = "10000",
              min = 1,
              max = 1_000_000)
          int measures) {

    /** Checks what the types cannot express. */
    public Admin {
      ConfigCheck.adminKeys(keys, readKeys);
      ConfigCheck.adminUsers(users, readUsers);
    }

    /**
     * Whether anybody may use the admin API.
     *
     * @return false if there are neither keys nor users
     */
    public boolean isOn() {
      return !(keys.isEmpty() && readKeys.isEmpty() && users.isEmpty() && readUsers.isEmpty());
    }

    /** Does not show the secrets. */
    @Override
    public String toString() {
      return ConfigTree.masked(this);
    }
  }

  /** What the server remembers to explain why a client did or did not receive a message. */
  public record Explain(
      @Setting(
              value =
                  "Whether the server remembers the last events of members and messages, for /admin/explain.",
              defaultValue = "true")
          boolean enabled,
      @Setting(
              value =
                  "How many bytes these events take, all event loops together. A message takes 32 bytes of one half,"
                      + " an event of a member 256 bytes of the other half.",
              defaultValue = "" + (16 << 20),
              min = 1 << 16)
          int bytes) {}

  /** Settings of the metrics, which need the module earshot-metrics on the class path. */
  public record Metrics(
      @Setting(
              value = "Whether GET /metrics answers with the metrics, in the format of Prometheus.",
              defaultValue = "true")
          boolean enabled,
      @Setting(
              value =
                  "Addresses, or ranges such as 10.0.0.0/8, that may read the metrics. Behind one of"
                      + " httpServer.trustedProxies the address counts that the proxy sends; through a proxy no"
                      + " request counts as one of this machine.",
              defaultValue = "127.0.0.0/8, ::1/128")
          List<String> networks,
      @Setting(
              value =
                  "The address to which the metrics are sent by OTLP over HTTP, such as"
                      + " http://localhost:4318/v1/metrics. Empty: they are not sent.",
              defaultValue = "")
          String otlpUrl,
      @Setting(value = "How often the metrics are sent to metrics.otlpUrl.", defaultValue = "1m")
          Duration otlpEvery,
      @Setting(
              value =
                  "The headers of what is sent to metrics.otlpUrl, each as NAME VALUE, such as Authorization Bearer"
                      + " TOKEN.",
              defaultValue = "",
              secret = Secret.AFTER_NAME)
          List<String> otlpHeaders) {

    /** Checks what the types cannot express. */
    public Metrics {
      ConfigCheck.ranges("metrics.networks", networks);
      ConfigCheck.otlp(otlpUrl, otlpEvery, otlpHeaders);
    }

    /** Does not show the secrets. */
    @Override
    public String toString() {
      return ConfigTree.masked(this);
    }
  }

  /** How much clients may use. */
  public record Limits(
      @Setting(
              value =
                  "How many bytes may wait for a client that reads too slowly. Beyond it the client is disconnected.",
              defaultValue = "" + (1 << 20),
              min = 1024)
          int outboundBytes,
      @Setting(value = "How many rooms a client may be in.", defaultValue = "100", min = 1)
          int rooms,
      @Setting(value = "How many rooms a client may listen to.", defaultValue = "100")
          int listeningRooms,
      @Setting(value = "How many params a client may set.", defaultValue = "100") int params,
      @Setting(
              value = "How long the params of a client may be together, in characters.",
              defaultValue = "" + (64 << 10))
          int paramBytes,
      @Setting(
              value = "How many actions may run at once, for all clients together.",
              defaultValue = "10000",
              min = 1)
          int runningActions,
      @Setting(
              value =
                  "The longest answer of an action, in bytes. An action with a longer answer fails.",
              defaultValue = "" + (1 << 20),
              min = 1024)
          int answerBytes,
      @Setting(
              value =
                  "How many HTTP clients may have a message queue at once. Further ones are refused.",
              defaultValue = "50000")
          int webClients,
      @Setting(
              value = "How many messages may wait in one queue. Beyond it the oldest are dropped.",
              defaultValue = "500",
              min = 1)
          int queuedMessages,
      @Setting(
              value =
                  "How many bytes of messages may wait in one queue. Beyond it the oldest messages are dropped.",
              defaultValue = "" + (256 << 10),
              min = 1024)
          int queuedBytes,
      @Setting(
              value =
                  "How many HTTP requests may wait for a message of a room at once. Further ones are refused.",
              defaultValue = "10000")
          int waitingPolls,
      @Setting(
              value =
                  "How many bytes the histories of all rooms may have together. Beyond it the rooms that were silent"
                      + " for the longest time keep less.",
              defaultValue = "" + (256 << 20))
          int historyBytes,
      @Setting(
              value =
                  "How many rooms without members keep their history. Beyond it the oldest are dropped.",
              defaultValue = "10000")
          int emptyRooms,
      @Setting(
              value =
                  "How many lost clients may be waiting to resume, or stay for users.leaveGrace, at once. Further"
                      + " ones leave at once.",
              defaultValue = "10000")
          int lostClients,
      @Setting(
              value =
                  "How many requests of any kind a TCP or WebSocket client may send in a second. Further ones are"
                      + " refused. 0: no limit.",
              defaultValue = "2000")
          int messagesPerSecond,
      @Setting(
              value = "How many requests such a client may send at once after a pause.",
              defaultValue = "4000",
              min = 1)
          int messageBurst,
      @Setting(
              value =
                  "How many signals a client may send in a second over its connection, with bursts of twice as many."
                      + " Further ones are refused. Signals do not count as requests. 0: they count as requests.",
              defaultValue = "50",
              max = Integer.MAX_VALUE / 2)
          int signalsPerSecond,
      @Setting(
              value =
                  "How many bytes a TCP or WebSocket client may send in a second. The server stops reading for a"
                      + " while from a client that sends more. 0: no limit.",
              defaultValue = "" + (4 << 20))
          int bytesPerSecond,
      @Setting(
              value = "How many bytes such a client may send at once after a pause.",
              defaultValue = "" + (8 << 20),
              min = 1024)
          int bytesBurst,
      @Setting(
              value =
                  "How many connections one address may have at once; an IPv6 address counts by its first 64 bits. A"
                      + " WebSocket or stream behind one of httpServer.trustedProxies counts for the address that the"
                      + " proxy sends. An address may also have as many HTTP clients with a message queue. 0: no"
                      + " limit.",
              defaultValue = "1000")
          int connectionsPerAddress,
      @Setting(
              value =
                  "How many HTTP requests one address may send in a second, with bursts of twice as many. Further"
                      + " ones are answered with 429. 0: no limit.",
              defaultValue = "500",
              max = Integer.MAX_VALUE / 2)
          int requestsPerSecond,
      @Setting(
              value =
                  "Addresses, or ranges such as 10.0.0.0/8, without a limit of connections and HTTP requests."
                      + " httpServer.trustedProxies have none either.",
              defaultValue = "127.0.0.0/8, ::1/128")
          List<String> exemptAddresses) {

    /** Checks what the types cannot express. */
    public Limits {
      ConfigCheck.ranges("limits.exemptAddresses", exemptAddresses);
    }

    /**
     * Checks the length of an action's answer.
     *
     * @param length the length in bytes
     * @throws IllegalArgumentException if the answer is longer than {@link #answerBytes}
     */
    public void checkAnswer(int length) {
      if (length > answerBytes) {
        throw new IllegalArgumentException(
            "it has " + length + " bytes, and limits.answerBytes is " + answerBytes);
      }
    }
  }

  /** The treatment of a client that reads too slowly for a room. */
  public enum SlowConsumers {
    /** The client is disconnected, and may return with its cursor. */
    DISCONNECT,
    /** Once the client has caught up, it receives the newest message of each kind. */
    CONFLATE,
    /** Messages are left out. */
    DROP
  }

  /** When a message is forced to the disk. */
  public enum HistorySync {
    /** When the operating system does it: history survives the end of the process. */
    NEVER,
    /** Before the message is delivered: history survives a crash of the machine, too. */
    ALWAYS
  }

  /** Kinds of sockets. */
  public enum SocketKind {
    /** Lean sockets where epoll is available, otherwise those of the JDK. */
    AUTO,
    /** Epoll, without a Netty channel for a plain TCP or WebSocket client. */
    LEAN,
    /** Epoll, with a Netty channel for each client. */
    EPOLL,
    /** Linux's io_uring, with a Netty channel for each client. */
    IO_URING,
    /** The sockets of the JDK, which every system has. */
    NIO
  }

  /** Implementations of TLS. */
  public enum TlsProvider {
    /** BoringSSL for HTTP where its native library can be loaded, otherwise the JDK. */
    AUTO,
    /** BoringSSL, which has the interface of OpenSSL. */
    OPENSSL,
    /** The JDK. */
    JDK
  }

  private static final Config DEFAULTS = ConfigTree.defaults(Config.class);

  /**
   * The defaults of all settings.
   *
   * @return the settings of a server that was configured nowhere
   */
  public static Config defaults() {
    return DEFAULTS;
  }

  /**
   * A copy with one setting changed.
   *
   * @param path the path of the setting, such as {@code tcpServer.port}
   * @param value the value: of the setting's own type, or a text as a configuration file has it
   *     ({@code "30s"}, {@code "true"})
   * @return the changed tree
   * @throws IllegalArgumentException if there is no such setting, or the value does not fit it; the
   *     message names the nearest setting, or the values that fit
   */
  public Config with(String path, Object value) {
    return ConfigTree.with(this, path, value);
  }

  /**
   * Checks the settings that depend on each other.
   *
   * @throws IllegalArgumentException if two settings contradict each other; the message names them
   */
  public void check() {
    ConfigCheck.check(this);
  }

  /**
   * Reads a time as settings have it.
   *
   * @param text such as {@code 30s}; without a unit the number is in milliseconds
   * @return the time, or empty if the text is not one
   */
  public static Optional<Duration> duration(String text) {
    return SettingText.duration(text, text);
  }

  /**
   * One setting, for programs that show settings.
   *
   * @param path the path of the setting
   * @param alias the path of its second name, or empty
   * @param meaning what the setting means, in sentences
   * @param value its value, as a configuration file has it, with *** in the place of a secret
   * @param defaultValue its default, as a configuration file has it
   * @param isMasked whether the value has *** in the place of a secret
   */
  public record Entry(
      String path,
      String alias,
      String meaning,
      String value,
      String defaultValue,
      boolean isMasked) {}

  /**
   * All settings with their meanings, in the order of the tree.
   *
   * @return an entry for each setting
   */
  public List<Entry> entries() {
    return ConfigTree.entries(this, DEFAULTS, Entry::new);
  }
}
