//! Walking every world that can be reached, and telling the way to one that must not be.

use super::*;

/// Walks every reachable world, up to a limit; answers the number of states, or the shortest-known
/// way to a violation.
pub(super) fn explore(setting: &Setting) -> Result<usize, String> {
    explore_from(start(setting), setting)
}

/// The same from a world that has come some way.
pub(super) fn explore_from(first: World, setting: &Setting) -> Result<usize, String> {
    let rules = rules(setting.off);
    let key = |world: &World| {
        let mut hasher = DefaultHasher::new();
        world.hash(&mut hasher);
        hasher.finish()
    };
    let mut seen = HashSet::from([key(&first)]);
    let mut open = vec![(first, vec![])];
    while let Some((world, way)) = open.pop() {
        world.check_always().map_err(|why| tell(&why, &way, &world))?;
        if way.len() > LONGEST_LIFE {
            return Err(tell("it never ends", &way[way.len() - 12..], &world));
        }
        let marked = world.order.needs_staff();
        if marked {
            world.check_staff_is_needed().map_err(|why| tell(&why, &way, &world))?;
            world.check_staff_can_end_it(&rules, 2).map_err(|why| tell(&why, &way, &world))?;
            world.check_nobody_is_pestered(&rules).map_err(|why| tell(&why, &way, &world))?;
        }
        if world.waits_for_staff() {
            continue;
        }
        let next = world.next(&rules);
        if world.is_at_rest() || next.is_empty() {
            let mut compared = world.clone();
            compared.reconcile(&rules);
            if !marked && compared.is_at_rest() {
                compared.check_end().map_err(|why| tell(&why, &way, &world))?;
            }
        }
        if seen.len() >= setting.most_states {
            return Ok(seen.len());
        }
        for world in next {
            if seen.insert(key(&world)) {
                let mut way = way.clone();
                way.push(step(&world));
                open.push((world, way));
            }
        }
    }
    Ok(seen.len())
}

pub(super) fn step(world: &World) -> String {
    let lines: Vec<_> = world
        .order
        .lines
        .iter()
        .map(|line| format!("{:?}/{:?}", line.state, line.open.as_ref().map(|o| o.verb)))
        .collect();
    let rows: Vec<_> = world
        .order
        .payments
        .iter()
        .map(|row| {
            format!("{:?}/{:?}/{:?}", row.state, row.open.as_ref().map(|o| o.verb), row.doubt)
        })
        .collect();
    format!(
        "{} {:?} lines {lines:?} {:?} payments {rows:?} money {:?} late {}",
        world.now.time(),
        world.order.state,
        world.tickets,
        world.money,
        world.late.len()
    )
}

pub(super) fn tell(why: &str, way: &[String], world: &World) -> String {
    format!("{why}\n{}\n{:#?}", way.join("\n"), world.order.payments)
}

pub(super) fn explored(setting: Setting) {
    match explore(&setting) {
        Ok(states) => assert!(states > 1000, "only {states} states"),
        Err(violation) => panic!("{violation}"),
    }
}
