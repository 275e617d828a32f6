package io.earshot.postgres;

import io.earshot.spi.BrokerException;
import io.earshot.spi.ExtensionContext;
import java.lang.System.Logger.Level;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The link of this server to the schema: whether the database can be reached, has the tables, and
 * is used by no other deployment. Everything else waits for it.
 *
 * <p>A deployment is a cluster, or a single server. Its servers hold a shared advisory lock as long
 * as their sessions last, and one row names the deployment. A server that gets the lock for itself
 * alone is the first, and writes the row; another server has to find its own deployment there.
 *
 * <p>Thread-safe: a lock. One virtual thread opens the session, and another one each time it ends.
 */
final class Link implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Link.class.getName());

  /** The name under which operators find problems with the database. */
  static final String NAME = "postgres";

  private static final String DEPLOYMENT = "deployment";

  /** How often the session and the deployment are checked, in milliseconds. */
  private static final long CHECK = 2_000;

  private static final long FIRST_PAUSE = 250;
  private static final long LONGEST_PAUSE = 5_000;

  /** How long a server waits for another one that is just writing the row, in milliseconds. */
  private static final long PATIENCE = 2_000;

  private final Database database;
  private final long check;
  private final Schema schema;
  private final ExtensionContext context;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Thread thread = Thread.ofVirtual().name("postgres link").unstarted(this::run);
  private final String readDeployment;
  private final String writeDeployment;
  private final String renameDeployment;

  /** The session while the schema can be used; null while it cannot. */
  private @Nullable Session session;

  /** Why the schema cannot be used; null while it can. */
  private @Nullable String fault = "the database was not reached yet";

  /** The identity of this deployment as of the last check; null before the first. */
  private @Nullable String identity;

  /** Whether the first attempt has ended. */
  private boolean isTried;

  private boolean isClosed;

  Link(Database database, ExtensionContext context) {
    this(database, context, CHECK);
  }

  /**
   * A link that has not begun.
   *
   * @param check how often the session and the deployment are checked, in milliseconds
   */
  Link(Database database, ExtensionContext context, long check) {
    this.database = database;
    this.check = check;
    this.schema = new Schema(database);
    this.context = context;
    this.readDeployment = database.sql("SELECT identity FROM earshot.deployment");
    this.writeDeployment =
        database.sql(
            "INSERT INTO earshot.deployment (identity) VALUES (?) ON CONFLICT (only_row)"
                + " DO UPDATE SET identity = excluded.identity, since = now()");
    this.renameDeployment =
        database.sql("UPDATE earshot.deployment SET identity = ? WHERE identity = ?");
  }

  /**
   * Begins, and waits a moment for the first attempt, so that a start finds a database that runs.
   */
  void start() throws InterruptedException {
    thread.start();
    lock.lock();
    try {
      long left = TimeUnit.MILLISECONDS.toNanos(PATIENCE);
      while (!isTried && left > 0) {
        left = changed.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  // --- for the others --------------------------------------------------------------------------

  /** Why the schema cannot be used; null while it can. */
  @Nullable String fault() {
    lock.lock();
    try {
      return fault;
    } finally {
      lock.unlock();
    }
  }

  /** Whether the schema can be used. */
  boolean isUp() {
    return fault() == null;
  }

  /** Waits until the schema can be used. */
  Session await() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (session == null) {
        if (isClosed) {
          throw new InterruptedException();
        }
        changed.await();
      }
      return session;
    } finally {
      lock.unlock();
    }
  }

  /** Waits, for a pause between attempts; throws when the server stops. */
  void pause(long millis) throws InterruptedException {
    long left = TimeUnit.MILLISECONDS.toNanos(millis);
    lock.lockInterruptibly();
    try {
      while (left > 0 && !isClosed) {
        left = changed.awaitNanos(left);
      }
      if (isClosed) {
        throw new InterruptedException();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Tells the operator of a failure, and looks whether the session still exists. */
  void failed(String what, Throwable failure) {
    context.problem(NAME, what + ": " + Failures.explain(failure));
  }

  String lockName(String what) {
    return schema.lockName(what);
  }

  // --- the session -----------------------------------------------------------------------------

  private void run() {
    long pause = FIRST_PAUSE;
    try {
      while (true) {
        try (var now = new Session(database.connectAlone())) {
          now.run(
              connection -> {
                schema.prepare(connection);
                return true;
              });
          claim(now);
          become(now, null);
          pause = FIRST_PAUSE;
          while (true) {
            pause(check);
            now.ping();
            check(now);
          }
        } catch (SQLException | ExecutionException | TimeoutException | RuntimeException e) {
          become(null, reason(e));
        }
        pause(pause);
        pause = Math.min(2 * pause, LONGEST_PAUSE);
      }
    } catch (InterruptedException e) {
      become(null, "the server stops");
    }
  }

  private String reason(Exception e) {
    if (e instanceof ExecutionException || e instanceof TimeoutException) {
      // Redis is away, which is another problem.
      return "the identity of the cluster is not known: " + BrokerException.cause(e).getMessage();
    }
    String why = Failures.explain(e);
    context.problem(NAME, why);
    return why;
  }

  private void become(@Nullable Session now, @Nullable String why) {
    lock.lock();
    try {
      if ((session == null) != (now == null)) {
        LOG.log(
            now == null ? Level.DEBUG : Level.INFO,
            now == null ? "PostgreSQL cannot be used: {0}" : "PostgreSQL is connected",
            why);
      }
      session = now;
      fault = why;
      isTried = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Learns the identity of this deployment, and makes the schema this deployment's. */
  private void claim(Session now)
      throws SQLException, ExecutionException, TimeoutException, InterruptedException {
    String ours = askIdentity();
    identity = ours;
    String name = schema.lockName(DEPLOYMENT);
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE);
    while (true) {
      if (now.lock("pg_try_advisory_lock", name)) {
        update(now, writeDeployment, ours);
        now.lock("pg_advisory_lock_shared", name);
        now.lock("pg_advisory_unlock", name);
        return;
      }
      if (now.lock("pg_try_advisory_lock_shared", name)) {
        compare(now, ours);
        return;
      }
      if (System.nanoTime() - end > 0) {
        throw new SQLException("another server holds the lock of the schema");
      }
      pause(50);
    }
  }

  /**
   * Looks whether this deployment is still the one that the schema belongs to. A cluster whose
   * Redis has lost its data has another identity now, and the schema follows.
   */
  private void check(Session now)
      throws SQLException, ExecutionException, TimeoutException, InterruptedException {
    String ours;
    try {
      ours = askIdentity();
    } catch (ExecutionException | TimeoutException e) {
      return; // Redis is away, which is another problem
    }
    String former = identity;
    if (former != null && !former.equals(ours)) {
      update(now, renameDeployment, ours, former);
      identity = ours;
    }
    compare(now, ours);
  }

  private String askIdentity() throws ExecutionException, TimeoutException, InterruptedException {
    return context
        .deployment()
        .toCompletableFuture()
        .get(database.timeout().toMillis(), TimeUnit.MILLISECONDS);
  }

  private void compare(Session now, String ours) throws SQLException {
    String there =
        now.run(
            connection -> {
              try (PreparedStatement read = connection.prepareStatement(readDeployment);
                  ResultSet row = read.executeQuery()) {
                return row.next() ? row.getString(1) : "";
              }
            });
    if (!ours.equals(there)) {
      throw new SQLException(
          "the schema "
              + database.schema()
              + " is in use by another server or cluster. Nothing is stored or told from here; give"
              + " each cluster a postgres.schema of its own");
    }
  }

  private static void update(Session now, String sql, String... values) throws SQLException {
    now.run(
        connection -> {
          try (PreparedStatement update = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
              update.setString(i + 1, values[i]);
            }
            return update.executeUpdate();
          }
        });
  }

  /** Ends the session. */
  @Override
  public void close() {
    lock.lock();
    try {
      isClosed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    thread.interrupt();
    try {
      var unused = thread.join(Duration.ofSeconds(5));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
