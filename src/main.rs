//! starjack
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let url = std::env::args().nth(1).unwrap_or_default();
    let io = starjack::io::Io::start(&url, 2).await?;
    io.migrate().await?;
    Ok(())
}
