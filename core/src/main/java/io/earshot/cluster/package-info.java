/** Several servers that share their rooms through a broker, and send each other requests. */
@NullMarked
package io.earshot.cluster;

import org.jspecify.annotations.NullMarked;
