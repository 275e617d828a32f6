/** Messages of rooms in PostgreSQL, and an outbox for applications. */
@NullMarked
package io.earshot.postgres;

import org.jspecify.annotations.NullMarked;
