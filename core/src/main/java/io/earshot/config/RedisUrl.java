package io.earshot.config;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URLDecoder;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The setting {@code redis.url}: one Redis server, the sentinels that know the primary, or some
 * servers of a Redis Cluster.
 *
 * <p>User, password and host of {@code scheme://USER:PASSWORD@HOST} may contain percent escapes. No
 * message of this class contains the password.
 *
 * <p>Immutable.
 *
 * @param servers the servers, or the sentinels if there is a {@link #primary}
 * @param primary the name by which the sentinels know the primary; empty: no sentinels
 * @param user the Redis user; empty: the default user
 * @param password the password; empty: none
 * @param database the number of the database
 * @param tls whether connections use TLS
 * @param verify what is checked of the certificate of Redis
 */
public record RedisUrl(
    List<Server> servers,
    String primary,
    String user,
    String password,
    int database,
    boolean tls,
    Verify verify) {

  private static final String HOW =
      "; write it as redis://HOST:PORT, rediss:// for TLS, redis://USER:PASSWORD@HOST:PORT,"
          + " redis-sentinel://HOST:PORT,HOST:PORT?sentinelMasterId=NAME, or, for a Redis Cluster,"
          + " redis://HOST:PORT,HOST:PORT";
  private static final String SCHEME_END = "://";
  private static final String PRIMARY = "sentinelMasterId";
  private static final String VERIFY = "verifyPeer";
  private static final String DATABASE = "database";
  private static final List<String> OPTIONS = List.of(PRIMARY, VERIFY, DATABASE);

  private static final Pattern SCHEME = Pattern.compile("redis(s?)(-sentinel)?");
  private static final Pattern NEXT_URL = Pattern.compile(",(?=\\s*[A-Za-z+-]+://)");
  private static final Pattern SERVER =
      Pattern.compile(
          "(?<host>[A-Za-z0-9._-]{1,253}|\\[[0-9A-Fa-f:.]{2,45}(%[A-Za-z0-9._-]+)?])(:(?<port>\\d{1,5}))?");
  private static final Pattern NUMBER = Pattern.compile("\\d{1,5}");
  private static final Pattern WRONG_ESCAPE = Pattern.compile("%(?![0-9A-Fa-f]{2})");

  /** A host and its port. */
  public record Server(String host, int port) {
    @Override
    public String toString() {
      return host.indexOf(':') < 0 ? host + ":" + port : "[" + host + "]:" + port;
    }
  }

  /** What is checked of the certificate of Redis. */
  public enum Verify {
    /** Nothing. */
    NONE,
    /** That it is signed by a trusted authority. */
    CA,
    /** Also that it is for the host of the address. */
    FULL
  }

  /**
   * Reads the setting.
   *
   * @throws IllegalArgumentException if it is not an address; the message says what is wrong and
   *     what to write, without the password
   */
  public static RedisUrl of(String setting) {
    String text = setting.strip();
    if (!text.contains(SCHEME_END)) {
      text = "redis://" + text;
    }
    RedisUrl whole = null;
    for (String part : NEXT_URL.split(text, -1)) {
      RedisUrl url = new Reader(part.strip()).read();
      if (whole != null && !whole.with(url.servers).equals(url)) {
        throw invalid("the addresses do not have the same scheme, user, password and options");
      }
      var servers = new ArrayList<Server>();
      if (whole != null) {
        servers.addAll(whole.servers);
      }
      servers.addAll(url.servers);
      whole = url.with(List.copyOf(servers));
    }
    if (whole == null) {
      throw invalid("it has no host");
    }
    if (whole.isCluster() && whole.database != 0) {
      throw invalid("a Redis Cluster has only the database 0");
    }
    return whole;
  }

  private RedisUrl with(List<Server> others) {
    return new RedisUrl(others, primary, user, password, database, tls, verify);
  }

  /** Whether the servers are sentinels. */
  public boolean isSentinel() {
    return !primary.isEmpty();
  }

  /** Whether there are several servers, which only a Redis Cluster has. */
  public boolean isCluster() {
    return servers.size() > 1 && !isSentinel();
  }

  /** The address for log lines, without user, password and options. */
  @Override
  public String toString() {
    String all = String.join(", ", servers.stream().map(Server::toString).toList());
    return isSentinel() ? primary + " (sentinels " + all + ")" : all;
  }

  /** The text of a setting with *** in the place of the password. */
  static String masked(String text) {
    int scheme = text.indexOf(SCHEME_END);
    int start = scheme < 0 ? 0 : scheme + SCHEME_END.length();
    int at = text.lastIndexOf('@');
    if (at < start) {
      return text;
    }
    int colon = text.indexOf(':', start);
    String user = colon >= 0 && colon < at ? text.substring(start, colon + 1) : "";
    return text.substring(0, start) + user + Secret.MASK + text.substring(at);
  }

  private static IllegalArgumentException invalid(String why) {
    return new IllegalArgumentException("redis.url: " + why + HOW);
  }

  /**
   * Reads one address.
   *
   * <p>Owned by the thread that reads.
   */
  private static final class Reader {
    private final String text;
    private boolean tls;
    private boolean isSentinel;

    Reader(String text) {
      this.text = text;
    }

    RedisUrl read() {
      int scheme = text.indexOf(SCHEME_END);
      Matcher known = SCHEME.matcher(text.substring(0, scheme).toLowerCase(Locale.ROOT));
      if (!known.matches()) {
        throw invalid("its scheme is none of redis, rediss, redis-sentinel and rediss-sentinel");
      }
      tls = !known.group(1).isEmpty();
      isSentinel = known.group(2) != null;
      String rest = text.substring(scheme + SCHEME_END.length());
      int end = indexOfAny(rest, "/?#");
      String authority = rest.substring(0, end);
      String path = rest.substring(end);
      if (path.indexOf('@') >= 0) {
        throw invalid(
            "a password with / ? or # is written with %2F, %3F or %23 in their place, and an"
                + " option with @ with %40");
      }
      int at = authority.lastIndexOf('@');
      String login = authority.substring(0, Math.max(at, 0));
      if (login.indexOf('@') >= 0 && login.indexOf(',') >= 0) {
        throw invalid(
            "user and password stand once, before the first host; in a password , is written as"
                + " %2C and @ as %40");
      }
      int colon = login.indexOf(':');
      List<Server> servers = servers(authority.substring(at + 1));
      int query = indexOfAny(path, "?#");
      Map<String, String> options = options(path.substring(query));
      return new RedisUrl(
          servers,
          primary(options.getOrDefault(PRIMARY, "")),
          decoded("user", login.substring(0, Math.max(colon, 0))),
          decoded("password", login.substring(colon + 1)),
          database(path.substring(0, query), options.get(DATABASE)),
          tls,
          verify(options.get(VERIFY)));
    }

    private static int indexOfAny(String text, String characters) {
      int i = 0;
      while (i < text.length() && characters.indexOf(text.charAt(i)) < 0) {
        i++;
      }
      return i;
    }

    private List<Server> servers(String hosts) {
      var servers = new ArrayList<Server>();
      for (String each : hosts.split(",", -1)) {
        String server = each.strip();
        Matcher matcher = SERVER.matcher(server);
        if (!matcher.matches()) {
          throw invalid(whyNoServer(server));
        }
        String host = matcher.group("host").replaceAll("[\\[\\]]", "");
        String port = matcher.group("port");
        int number = port == null ? (isSentinel ? 26379 : 6379) : Integer.parseInt(port);
        if (number < 1 || number > 65535) {
          throw invalid("a port is from 1 to 65535");
        }
        servers.add(new Server(host, number));
      }
      return List.copyOf(servers);
    }

    /** Shows no part of the text, which may be a password that is written in the wrong place. */
    private static String whyNoServer(String server) {
      if (server.isEmpty()) {
        return "a host is missing";
      }
      if (server.indexOf('[') < 0 && server.indexOf(':') != server.lastIndexOf(':')) {
        return "an IPv6 address is written in brackets, such as [::1]:6379, and a password before"
            + " an @";
      }
      return server.indexOf(':') < 0
          ? "a host is a name or an address, of letters, digits, - _ and ."
          : "a port is a number, and follows a host and a colon";
    }

    /** Reads {@code ?NAME=VALUE&NAME=VALUE}, or {@code #PRIMARY}, which older addresses have. */
    private Map<String, String> options(String query) {
      var options = new TreeMap<String, String>();
      int fragment = query.indexOf('#');
      if (fragment >= 0) {
        options.put(PRIMARY, decoded("name of the primary", query.substring(fragment + 1)));
      }
      String pairs = query.substring(0, fragment < 0 ? query.length() : fragment);
      for (String pair : pairs.isEmpty() ? new String[0] : pairs.substring(1).split("&", -1)) {
        int equals = pair.indexOf('=');
        String name = known(equals < 0 ? pair : pair.substring(0, equals));
        String value = equals < 0 ? "" : decoded("option " + name, pair.substring(equals + 1));
        if (value.isEmpty()) {
          throw invalid("the option " + name + " has no value");
        }
        if (options.put(name, value) != null) {
          throw invalid("the option " + name + " stands twice");
        }
      }
      return options;
    }

    private static String known(String name) {
      for (String option : OPTIONS) {
        if (option.equalsIgnoreCase(name)) {
          return option;
        }
      }
      if (name.equalsIgnoreCase("db")) {
        return DATABASE;
      }
      // Only a word is shown: the rest of a password could stand here.
      String shown = name.matches("[A-Za-z]{1,20}") ? " '" + name + "'" : " of that name";
      String instead =
          Words.distance(name, "timeout") <= 2
              ? "; the setting redis.timeout is the time limit"
              : Words.nearest(name, OPTIONS)
                  .map(near -> "; the nearest is '" + near + "'")
                  .orElse("");
      throw invalid("there is no option" + shown + instead);
    }

    private String primary(String name) {
      if (isSentinel && name.isEmpty()) {
        throw invalid("the name of the primary is missing (?sentinelMasterId=NAME)");
      }
      if (!isSentinel && !name.isEmpty()) {
        throw invalid("only redis-sentinel:// has sentinelMasterId");
      }
      return name;
    }

    private static int database(String path, @Nullable String option) {
      String number = path.length() > 1 ? path.substring(1) : option;
      if (number == null) {
        return 0;
      }
      if (!NUMBER.matcher(number).matches()) {
        throw invalid("a database is a number, such as redis://HOST:PORT/2");
      }
      return Integer.parseInt(number);
    }

    private Verify verify(@Nullable String text) {
      if (text == null) {
        return Verify.FULL;
      }
      if (!tls) {
        throw invalid("verifyPeer needs TLS (rediss://)");
      }
      return switch (text.toUpperCase(Locale.ROOT)) {
        case "FULL", "TRUE" -> Verify.FULL;
        case "CA" -> Verify.CA;
        case "NONE", "FALSE" -> Verify.NONE;
        default -> throw invalid("verifyPeer is NONE, CA or FULL");
      };
    }

    private static String decoded(String what, String text) {
      if (WRONG_ESCAPE.matcher(text).find()) {
        throw invalid("a % in the " + what + " is written as %25");
      }
      return URLDecoder.decode(text.replace("+", "%2B"), UTF_8);
    }
  }
}
